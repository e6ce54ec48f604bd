// @ts-check
// Painted land found by words: small pictures of it, each of which leads there.
import { formatPlace } from "../lib/place.js";
import { reported } from "../lib/report.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { get, make, say } from "./dom.js";

const MOST = 6;
const LEAST = 0.15; // agreement, below which land has nothing of the words

/** @typedef {{tile: Tile, agreement: number, center: [number, number], picture: string}} Match */

/** @param {string} world @param {string} words */
export async function find(world, words) {
  const query = new URLSearchParams({ q: words, limit: String(MOST) });
  say(get("go-said"), "Looking…");
  const { ok, said } = await ask(`/worlds/${world}/search?${query}`);
  show([]);
  if (!ok) return say(get("go-said"), said.error.message, true);
  const found = said.results.filter((/** @type {Match} */ match) => match.agreement >= LEAST);
  const report = reported(said.prompt_report);
  const none = `No painted land looks like "${words}". A place is typed as 120000, -35000 (metres), 12.5° N 3° E, or a tile as 8/130/127.`;
  say(
    get("go-said"),
    found.length ? `Painted land like "${words}". ${report}`.trim() : `${none} ${report}`.trim(),
  );
  show(found);
}

/** @param {Match[]} found */
export function show(found) {
  get("found")?.replaceChildren(...found.map(row));
}

/** @param {Match} match */
function row({ tile, center, picture }) {
  const [x, y] = center;
  const line = make("li");
  const press = make("button", "", { type: "button", title: `Go to tile ${tile.join("/")}` });
  press.append(make("img", "", { src: picture, alt: `Tile ${tile.join("/")}`, width: "70", height: "70" }));
  press.addEventListener("click", () => tellMap({ type: "go", place: formatPlace(tile[0], x, y) }));
  line.append(press);
  return line;
}

on("ready", () => show([]));
