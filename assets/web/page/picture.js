// @ts-check
// A picture of one's own, put on the map.
import { phrase } from "../lib/phrases.js";
import { metresPerPixel } from "../lib/plane.js";
import { reported } from "../lib/report.js";
import { resolution, size } from "../lib/words.js";
import { ask, upload } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, say, send, speak } from "./dom.js";
import { guides, laid, use } from "./guide.js";
import { part } from "./parts.js";
import { isShown } from "./places.js";

const STEPS = [-4, -3, -2, -1, 0, 1, 2, 3, 4]; // zooms around the world's own
const QUEUED = phrase("queued");

const state = {
  world: "",
  base: 8,
  /** @type {Box | null} */
  view: null,
  /** @type {Box | null} */
  selection: null,
  /** @type {number[] | null} */
  pixels: null, // width and height
  /** @type {Box | null} */
  own: null, // a place that the file itself names
  why: "", // words before where it goes
};

part("picture", (box) => {
  speak(field("picture-strength"), (value) =>
    value >= 1 ? phrase("picture.exactly") : value >= 0.5 ? phrase("picture.close") : phrase("picture.style"),
  );
  field("picture-file").addEventListener("change", choose);
  field("picture-zoom").addEventListener("change", spot);
  button("picture-go").addEventListener("click", place);
  send(box, button("picture-go"));
  spot();
});

/** @param {Box} box */
const middle = ([west, south, east, north]) => ({ x: (west + east) / 2, y: (south + north) / 2 });

/** @param {File | undefined} file */
const tiff = (file) => /\.tiff?$/i.test(file?.name ?? "");
const chosen = () => field("picture-file")?.files?.[0];

/** Where a picture will go: in words, and as a frame on the map. */
function spot() {
  if (!get("picture")) return;
  zooms();
  button("picture-go").disabled = !chosen() || !state.world;
  const box = footprint();
  const where = state.own ? "own" : state.selection ? "selection" : "view";
  const words = [state.why, phrase(`picture.to.${where}`)];
  if (box) words.push(phrase("picture.size", { size: size(box[2] - box[0], box[3] - box[1]) }));
  say(get("picture-spot"), words.filter(Boolean).join(" "));
  tellMap({ type: "footprint", bounds: isShown("view-picture") ? box : null });
}

/** The rectangle that it will cover. @returns {Box | null} */
function footprint() {
  if (state.own) return state.own;
  const around = state.selection ?? state.view;
  if (!state.pixels || !around) return null;
  const metres = metresPerPixel(Number(field("picture-zoom").value));
  const { x, y } = middle(around);
  const [wide, high] = state.pixels.map((side) => (side * metres) / 2);
  return [x - wide, y - high, x + wide, y + high];
}

/** A picture that was chosen: how large it is, whether it has a place, and a resolution that fits. */
async function choose() {
  const file = chosen();
  Object.assign(state, { pixels: null, own: null, why: "" });
  say(get("picture-said"), "");
  spot();
  if (!file) return;
  if (tiff(file)) await placed(file);
  else await sized(file);
  if (file !== chosen()) return;
  fit();
  spot();
}

/** @param {File} file */
async function sized(file) {
  try {
    const image = await createImageBitmap(file);
    state.pixels = [image.width, image.height];
    image.close();
  } catch {
    state.pixels = null; // the server says what is wrong with it
  }
}

/** What the server reads in a GeoTIFF. @param {File} file */
async function placed(file) {
  say(get("picture-spot"), phrase("picture.reading-place"));
  const { ok, said } = await ask(`/worlds/${state.world}/pictures?dry_run=true`, "POST", file);
  if (file !== chosen()) return;
  if (!ok) return say(get("picture-said"), said.error.message, true);
  if (said.placed) state.own = said.bounds;
  else Object.assign(state, { pixels: said.pixels, why: phrase("picture.no-place") });
}

/** The zoom at which it fills the selection, or is about as large as the view allows. */
function fit() {
  const around = state.selection ?? state.view;
  if (!state.pixels || !around) return;
  const metres = Math.min(
    (around[2] - around[0]) / state.pixels[0],
    (around[3] - around[1]) / state.pixels[1],
  );
  const zoom = Math.ceil(Math.log2(metresPerPixel(0) / metres));
  const offered = [.../** @type {HTMLSelectElement} */ (get("picture-zoom")).options].map((each) =>
    Number(each.value),
  );
  if (state.selection)
    field("picture-zoom").value = String(Math.min(Math.max(zoom, offered[0]), offered.at(-1) ?? zoom));
  else field("picture-zoom").value = String(Math.min(Math.max(zoom, state.base), offered.at(-1) ?? zoom));
}

function zooms() {
  const select = get("picture-zoom");
  if (select.dataset.base === String(state.base)) return;
  select.dataset.base = String(state.base);
  const offered = STEPS.map((step) => state.base + step).filter((zoom) => zoom >= 0 && zoom <= 22);
  select.replaceChildren(
    ...offered.map((zoom) => {
      const usual = zoom === state.base;
      return new Option(resolution(metresPerPixel(zoom), zoom), String(zoom), usual, usual);
    }),
  );
}

async function place() {
  const file = chosen();
  const box = state.selection ?? state.view;
  if (!file || !box) return;
  const { x, y } = middle(box);
  const query = new URLSearchParams({
    x: String(x),
    y: String(y),
    zoom: field("picture-zoom").value,
    strength: field("picture-strength").value,
  });
  const guide = guides();
  if (guide) query.set("edges", String(use() === "edges"));
  else query.set("prompt", field("picture-prompt").value);
  button("picture-go").disabled = true;
  say(get("picture-said"), phrase("picture.sending"));
  const bar = /** @type {HTMLProgressElement} */ (/** @type {unknown} */ (get("picture-sent")));
  bar.hidden = false;
  const { ok, said } = await upload(
    `/worlds/${state.world}/${guide ? "guides" : "pictures"}?${query}`,
    file,
    (share) => {
      bar.value = share;
      if (share === 1) say(get("picture-said"), phrase("picture.reading"));
    },
  );
  bar.hidden = true;
  const done = guide ? phrase("picture.laid") : QUEUED;
  const report = guide ? "" : reported(said.prompt_report);
  const notes = ok ? [done, ...(said.notes ?? []), report] : [said.error.message];
  say(get("picture-said"), notes.filter(Boolean).join(" "), !ok);
  laid((ok && said.painted) || []);
  if (ok) {
    field("picture-file").value = "";
    Object.assign(state, { pixels: null, own: null, why: "" });
  }
  spot();
  if (ok && tiff(file)) visit(said.revision);
}

/** Show where an edit is: a GeoTIFF's own place may be anywhere. @param {number} number */
async function visit(number) {
  const { ok, said } = await ask(`/worlds/${state.world}/edits`);
  const step = ok && said.find((/** @type {Step} */ each) => each.number === number);
  if (step) tellMap({ type: "fit", bounds: step.bounds });
}

on("ready", ({ world, base }) => {
  Object.assign(state, { world, base, selection: null });
  spot();
});
on("view", ({ bounds }) => {
  state.view = bounds;
  if (chosen() && !state.selection) spot();
});
on("place", spot);
on("selection", ({ bounds }) => {
  state.selection = bounds;
  spot();
});
// No edit waits any more: what was said of the queue is over, what was said of the picture stays.
on("settled", () => {
  const said = get("picture-said");
  if (said?.textContent?.startsWith(QUEUED)) say(said, said.textContent.slice(QUEUED.length).trim());
});
