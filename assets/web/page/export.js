// @ts-check
// Exports: what one will be, and asking for it.
import { phrase } from "../lib/phrases.js";
import { metresPerPixel } from "../lib/plane.js";
import { bytes, count, length, missing, resolution, time } from "../lib/words.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, say, send } from "./dom.js";
import { begun, busy } from "./exports.js";
import { part } from "./parts.js";
import { isShown } from "./places.js";

const PAUSE = 300; // ms after the map has moved, before the estimate is asked for
const LONG = 600; // seconds past which an export is asked about first

const state = {
  world: "",
  base: 8,
  deepest: 20, // the last zoom that is painted
  zoom: 8, // of the map
  chosen: false, // whether somebody has chosen another zoom than the map's
  /** @type {Box | null} */
  view: null,
  /** @type {Chosen | null} */
  selection: null,
  asked: 0,
  seconds: 0, // that the export would take
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer: undefined,
};

const wish = () => ({
  bounds: /** @type {Box} */ (state.selection?.bounds ?? state.view),
  zoom: Number(field("export-zoom").value),
  format: field("export-format").value,
  paint_missing: field("export-paint").checked,
});

part("export", (box) => {
  for (const id of ["export-format", "export-zoom", "export-paint"]) {
    field(id).addEventListener("change", () => estimate(0));
  }
  field("export-zoom").addEventListener("change", () => {
    state.chosen = true;
  });
  button("export-go").addEventListener("click", () => (state.seconds > LONG ? sure(true) : go()));
  button("export-yes").addEventListener("click", go);
  button("export-no").addEventListener("click", () => sure(false));
  button("export-clear").addEventListener("click", () => tellMap({ type: "clear" }));
  send(box, button("export-go"));
});

/** All resolutions of the world; the map's, until somebody chooses another one. */
function zooms() {
  const select = field("export-zoom");
  if (select.dataset.deepest !== String(state.deepest)) {
    select.dataset.deepest = String(state.deepest);
    const offered = Array.from({ length: state.deepest + 1 }, (_, zoom) => zoom);
    select.replaceChildren(
      ...offered.map((zoom) => new Option(resolution(metresPerPixel(zoom), zoom), String(zoom))),
    );
    state.chosen = false;
  }
  if (!state.chosen) select.value = String(Math.min(Math.max(state.zoom, state.base), state.deepest));
}

/** @param {number} pause */
function estimate(pause = PAUSE) {
  clearTimeout(state.timer);
  state.timer = setTimeout(look, pause);
}

async function look() {
  if (!state.world || !state.view || !get("export") || !isShown("view-export")) return;
  zooms();
  const asked = ++state.asked;
  const { bounds, zoom, format, paint_missing } = wish();
  const [west, south, east, north] = bounds;
  say(
    get("export-region"),
    phrase("export.size", {
      region: region(),
      width: length(east - west),
      height: length(north - south),
    }),
  );
  get("export-clear").hidden = !state.selection?.bounds;
  const query = new URLSearchParams({
    bounds: bounds.join(","),
    zoom: String(zoom),
    format,
    paint_missing: String(paint_missing),
  });
  const { ok, said } = await ask(`/worlds/${state.world}/exports/estimate?${query}`);
  if (asked !== state.asked) return;
  sure(false);
  button("export-go").disabled = !ok || busy();
  state.seconds = ok ? said.seconds : 0;
  if (!ok) return say(get("export-estimate"), said.error.message, true);
  const { width, height } = said;
  const cost = {
    width,
    height,
    tiles: count(said.tiles, "tile"),
    bytes: bytes(said.bytes),
    time: time(said.seconds),
  };
  say(get("export-estimate"), phrase("export.estimate", { ...cost, missing: missing(said) }));
}

function region() {
  if (!state.selection?.bounds) return phrase("export.view");
  return phrase(state.selection.exact ? "export.rectangle" : "export.selected");
}

/** Ask first, or not any more. @param {boolean} asking */
function sure(asking) {
  get("export-ask").hidden = !asking;
  button("export-go").hidden = asking;
  if (!asking) return;
  say(get("export-estimate"), phrase("export.long", { time: time(state.seconds) }));
  get("export-yes").focus();
}

async function go() {
  sure(false);
  button("export-go").disabled = true;
  const { ok, said } = await ask(`/worlds/${state.world}/exports`, "POST", wish());
  if (!ok) {
    button("export-go").disabled = false;
    return say(get("export-estimate"), said.error.message, true);
  }
  begun(said);
}

on("ready", ({ world, base, deepest }) => {
  if (world !== state.world) Object.assign(state, { world, selection: null, chosen: false });
  Object.assign(state, { base, deepest });
  estimate();
});
on("view", ({ bounds, place }) => {
  state.view = bounds;
  state.zoom = Number(place.split("/")[0]);
  if (!state.selection?.bounds || !state.chosen) estimate();
});
on("selection", (told) => {
  state.selection = told;
  estimate();
});
on("place exported", () => estimate(0));
