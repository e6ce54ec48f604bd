// @ts-check
// Links, files and addresses to share a world, and to use it in other programs.
import { copy } from "../lib/copy.js";
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { button, field, get, say } from "./dom.js";
import { begun } from "./exports.js";
import { part } from "./parts.js";
import { reveal } from "./places.js";

const state = {
  world: "",
  base: 8,
  /** @type {Box | null} */
  view: null,
  zoom: 8,
  token: "", // the part of an address that opens tiles where there is a password
};

part("share", () => {
  button("share-link").addEventListener("click", async () => copied("share-said", location.href));
  button("share-postcard").addEventListener("click", postcard);
  address();
});
part("live", (box) => {
  box.addEventListener("click", ({ target }) => {
    const id = target instanceof HTMLElement && target.dataset.copies;
    if (id) copied("live-said", field(id).value);
  });
  address();
});

/** @param {string} said the line that says so @param {string} words @param {string} then what it says where that was done */
export async function copied(said, words, then = phrase("copied")) {
  const done = await copy(words);
  say(get(said), done ? then : phrase("copy.refused"), !done);
}

/** Links say where they lead as soon as the world is known: one that leads nowhere swallows a click. */
function address() {
  const { world, base, token } = state;
  if (!world) return;
  const here = `${location.origin}${rooted(`/worlds/${world}`)}`;
  for (const [id, path] of [
    ["share-package", "package"],
    ["share-land", "package?latents=true"],
    ["live-qgis", "qgis.xml"],
  ]) {
    const link = /** @type {HTMLAnchorElement | null} */ (get(id));
    if (link) link.href = rooted(`/worlds/${world}/${path}`);
  }
  for (const [id, words] of [
    ["live-xyz", `${here}/tiles/{z}/{x}/{y}.png?wait=30${token && `&${token}`}`],
    ["live-tilejson", `${here}/tilejson.json${token && `?${token}`}`],
    ["live-wmts", `${here}/wmts.xml${token && `?${token}`}`],
    ["live-python", python(here, base, token)],
  ]) {
    if (get(id)) field(id).value = words;
  }
}

/** A program that shows one tile.
 * @param {string} here the world's address @param {number} zoom @param {string} token */
const python = (here, zoom, token) => `import io, urllib.request
from PIL import Image

z, x, y = ${zoom}, ${2 ** (zoom - 1)}, ${2 ** (zoom - 1)}
url = f"${here}/tiles/{z}/{x}/{y}.png?wait=30${token && `&${token}`}"
tile = Image.open(io.BytesIO(urllib.request.urlopen(url).read()))
tile.show()`;

/** The view as a picture with its place and scale, in one click. */
async function postcard() {
  const { world, base, view, zoom } = state;
  if (!view) return;
  const body = { bounds: view, zoom, format: "postcard", paint_missing: zoom >= base };
  const { ok, said } = await ask(`/worlds/${world}/exports`, "POST", body);
  if (!ok) return say(get("share-said"), said.error.message, true);
  reveal("view-export");
  begun(said);
}

on("ready", async ({ world, base }) => {
  Object.assign(state, { world, base, token: "" });
  address();
  const { ok, said } = await ask(`/worlds/${world}/tilejson.json`);
  const token = ok && new URL(said.tiles[0]).searchParams.get("token");
  if (!token || world !== state.world) return;
  state.token = `token=${encodeURIComponent(token)}`;
  address();
});
on("view", ({ bounds, place }) => {
  Object.assign(state, { view: bounds, zoom: Number.parseInt(place, 10) });
});
