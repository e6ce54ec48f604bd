// @ts-check
// A picture of one's own, put on the map: it lies over the map first, where it is moved and scaled.
import { isPicture, isTiff } from "../lib/filed.js";
import { around, holds, middle, zoomOf } from "../lib/frames.js";
import { phrase } from "../lib/phrases.js";
import { metresPerPixel } from "../lib/plane.js";
import { reported } from "../lib/report.js";
import { resolution, size } from "../lib/words.js";
import { ask, upload } from "./ask.js";
import { emit, on, tellMap } from "./bus.js";
import { button, field, get, say, send, speak } from "./dom.js";
import { guides, laid, use } from "./guide.js";
import { part } from "./parts.js";
import { isShown, reveal } from "./places.js";

const STEPS = [-4, -3, -2, -1, 0, 1, 2, 3, 4]; // zooms around the world's own
const QUEUED = phrase("queued");
const MARGIN = 0.8; // of the view that it covers at most

const state = {
  world: "",
  base: 8,
  number: 0, // of the file: the map gets a copy each time
  /** @type {Box | null} */
  view: null, // what is seen of the map
  /** @type {Box | null} */
  selection: null,
  /** @type {[number, number] | null} */
  pixels: null, // width and height
  /** @type {Box | null} */
  box: null, // where it lies, unless the file itself says
  /** @type {Box | null} */
  own: null, // a place that the file itself names
  why: "", // words before where it goes
  drawn: false, // the browser can draw it
  sending: false,
  wrong: "", // why it was not put
};

part("picture", (box) => {
  speak(field("picture-strength"), (value) =>
    value >= 1 ? phrase("picture.exactly") : value >= 0.5 ? phrase("picture.close") : phrase("picture.style"),
  );
  field("picture-file").addEventListener("change", () => choose(null));
  field("picture-zoom").addEventListener("change", resize);
  button("picture-go").addEventListener("click", add);
  send(box, button("picture-go"));
  spot();
});

const chosen = () => field("picture-file")?.files?.[0];
const place = () => state.own ?? state.box;

/** Where a picture will go: in words, and as an overlay on the map. @param {boolean} focus it is gone to there */
function spot(focus = false) {
  if (!get("picture")) return;
  tell();
  const [file, bounds] = [chosen(), place()];
  const { number, pixels, drawn, sending: busy, wrong } = state;
  const picture = file &&
    bounds && { number, file, bounds, pixels: state.own ? null : pixels, drawn, busy, wrong, focus };
  tellMap({ type: "own", picture: (isShown("view-picture") && picture) || null });
}

function tell() {
  zooms();
  button("picture-go").disabled = !chosen() || !state.world || state.sending;
  const box = place();
  const where = state.own ? "own" : state.box ? "box" : state.selection ? "selection" : "view";
  const words = [state.why, phrase(`picture.to.${where}`)];
  if (box) words.push(phrase("picture.size", { size: size(box[2] - box[0], box[3] - box[1]) }));
  say(get("picture-spot"), words.filter(Boolean).join(" "));
}

/** A picture that is dropped or pasted is chosen in the form. @param {File} file @param {[number, number] | null} at */
function take(file, at) {
  const input = field("picture-file");
  if (!input || !state.world) return;
  reveal("view-picture");
  if (!isPicture(file)) return say(get("picture-said"), phrase("error.not-a-picture"), true);
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
  choose(at, true);
}

/** A picture that was chosen: how large it is, whether it has a place, and a resolution that fits.
 * @param {[number, number] | null} at where its middle goes @param {boolean} focus it is gone to on the map */
async function choose(at, focus = false) {
  const file = chosen();
  forget();
  state.number += 1;
  say(get("picture-said"), "");
  spot();
  if (!file) return;
  if (isTiff(file)) await placed(file);
  else await sized(file);
  if (file !== chosen()) return;
  put(at);
  spot(focus);
  const box = state.own ?? (at ? null : state.box); // where it is dropped, it is seen
  if (box && state.view && !holds(state.view, box)) tellMap({ type: "fit", bounds: box, seen: true });
}

/** Nothing is known of a picture. */
const forget = () =>
  Object.assign(state, { pixels: null, own: null, box: null, why: "", drawn: false, wrong: "" });

/** It lies where it was dropped, or in the middle of the selection or the view, as large as fits.
 * @param {[number, number] | null} at */
function put(at) {
  const within = (!at && state.selection) || state.view;
  if (!state.pixels || !within) return;
  fit(state.pixels, within, within === state.selection);
  lie(at ?? middle(within), state.pixels);
}

/** @param {[number, number]} at @param {[number, number]} pixels */
function lie(at, [wide, high]) {
  const metres = metresPerPixel(Number(field("picture-zoom").value));
  state.box = around(at, [wide * metres, high * metres]);
}

/** Another resolution was chosen. */
function resize() {
  if (state.box && state.pixels) lie(middle(state.box), state.pixels);
  spot();
}

/** @param {File} file */
async function sized(file) {
  try {
    const image = await createImageBitmap(file);
    Object.assign(state, { pixels: [image.width, image.height], drawn: true });
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

/** A zoom at which it fills the selection, or is about as large as the view allows.
 * @param {[number, number]} pixels @param {Box} within @param {boolean} exactly */
function fit([wide, high], [west, south, east, north], exactly) {
  const metres = (exactly ? 1 : MARGIN) * Math.min((east - west) / wide, (north - south) / high);
  const zoom = Math.ceil(Math.log2(metresPerPixel(0) / metres));
  const offered = offers();
  const coarsest = exactly ? offered[0] : state.base;
  state.box = null;
  zooms();
  field("picture-zoom").value = String(Math.min(Math.max(zoom, coarsest), offered.at(-1) ?? zoom));
}

const offers = () => STEPS.map((step) => state.base + step).filter((zoom) => zoom >= 0 && zoom <= 22);

/** The resolutions that are offered, and among them one that the picture was scaled to. */
function zooms() {
  const select = field("picture-zoom");
  const free = state.box && state.pixels ? zoomOf(state.box, state.pixels[0]) : null;
  const shown = [...new Set([...offers(), ...(free === null ? [] : [free])])].sort((a, b) => a - b);
  const now = free ?? (shown.includes(Number(select.value)) ? Number(select.value) : state.base);
  if (select.dataset.shown !== shown.join()) {
    select.dataset.shown = shown.join();
    select.replaceChildren(
      ...shown.map((zoom) => new Option(resolution(metresPerPixel(zoom), zoom), String(zoom))),
    );
  }
  select.value = String(now);
}

async function add() {
  const file = chosen();
  const box = place() ?? state.selection ?? state.view;
  if (!file || !box || button("picture-go").disabled) return;
  const [x, y] = middle(box);
  const query = new URLSearchParams({
    x: String(x),
    y: String(y),
    zoom: field("picture-zoom").value,
    strength: field("picture-strength").value,
  });
  const guide = guides();
  if (guide) query.set("edges", String(use() === "edges"));
  else query.set("prompt", field("picture-prompt").value);
  Object.assign(state, { sending: true, wrong: "" });
  spot();
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
  state.sending = false;
  const done = guide ? phrase("picture.laid") : QUEUED;
  const report = guide ? "" : reported(said.prompt_report);
  const notes = ok ? [done, ...(said.notes ?? []), report] : [said.error.message];
  say(get("picture-said"), notes.filter(Boolean).join(" "), !ok);
  if (ok) emit({ type: "journal" }); // it may be painted before this answer is here
  laid((ok && said.painted) || []);
  if (ok && file === chosen()) away();
  else if (!ok && file === chosen()) state.wrong = said.error.message;
  spot();
  if (ok && isTiff(file)) visit(said.revision);
}

/** The picture is not to be put, or is put already. */
function away() {
  field("picture-file").value = "";
  forget();
}

/** Show where an edit is: a GeoTIFF's own place may be anywhere. @param {number} number */
async function visit(number) {
  const { ok, said } = await ask(`/worlds/${state.world}/edits`);
  const step = ok && said.find((/** @type {Step} */ each) => each.number === number);
  if (step) tellMap({ type: "fit", bounds: step.bounds });
}

on("ready", ({ world, base }) => {
  if (world !== state.world) state.box = null; // it lies in the view of the other world, once that is there
  Object.assign(state, { world, base, selection: null });
  spot();
});
on("view seen", ({ seen }) => {
  state.view = seen;
  if (!state.pixels || state.box || state.own || !get("picture")) return;
  put(null);
  spot();
});
on("place", () => spot());
on("selection", ({ bounds }) => {
  state.selection = bounds;
  if (get("picture")) tell();
});
on("file", ({ file, at }) => take(file, at));
on("own", ({ bounds }) => {
  state.box = bounds;
  state.wrong = "";
  tell();
});
on("own-add", add);
on("own-away", () => {
  if (state.sending) return;
  away();
  say(get("picture-said"), "");
  spot();
});
// No edit waits any more: what was said of the queue is over, what was said of the picture stays.
on("settled", () => {
  const said = get("picture-said");
  if (said?.textContent?.startsWith(QUEUED)) say(said, said.textContent.slice(QUEUED.length).trim());
});
