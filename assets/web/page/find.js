// @ts-check
// Painted land found by words: small pictures of it, each of which leads there.
import { phrase } from "../lib/phrases.js";
import { formatPlace } from "../lib/place.js";
import { reported } from "../lib/report.js";
import { rooted } from "../lib/root.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { get, make, say } from "./dom.js";

const MOST = 6;
const LEAST = 0.15; // agreement, below which land has nothing of the words

/** @typedef {{tile: Tile, agreement: number, center: [number, number], picture: string}} Match */

/** @param {string} world @param {string} words */
export async function find(world, words) {
  const query = new URLSearchParams({ q: words, limit: String(MOST) });
  say(get("go-said"), phrase("find.looking"));
  const { ok, said } = await ask(`/worlds/${world}/search?${query}`);
  show([]);
  if (!ok) return say(get("go-said"), said.error.message, true);
  const found = said.results.filter((/** @type {Match} */ match) => match.agreement >= LEAST);
  const report = reported(said.prompt_report);
  const none = phrase("find.none", { words });
  say(
    get("go-said"),
    found.length ? `${phrase("find.found", { words })} ${report}`.trim() : `${none} ${report}`.trim(),
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
  const press = make("button", "", { type: "button", title: phrase("find.go", { tile: tile.join("/") }) });
  press.append(
    make("img", "", {
      src: rooted(picture),
      alt: phrase("find.tile", { tile: tile.join("/") }),
      width: "70",
      height: "70",
    }),
  );
  press.addEventListener("click", () => tellMap({ type: "go", place: formatPlace(tile[0], x, y) }));
  line.append(press);
  return line;
}

on("ready", () => show([]));
