// @ts-check
// A picture of one's own, put on the map.
import { metresPerPixel } from "../lib/plane.js";
import { resolution } from "../lib/words.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, say, speak } from "./dom.js";
import { part } from "./parts.js";

const STEPS = [-4, -3, -2, -1, 0, 1, 2, 3, 4]; // zooms around the world's own
const QUEUED = "Queued. It shows on the map when it is painted.";

const state = {
  world: "",
  base: 8,
  /** @type {Box | null} */
  view: null,
  /** @type {Box | null} */
  selection: null,
};

part("picture", () => {
  speak(field("picture-strength"), (value) =>
    value >= 1 ? "exactly" : value >= 0.5 ? "close to it" : "in the world's style",
  );
  field("picture-file").addEventListener("change", spot);
  button("picture-go").addEventListener("click", place);
  spot();
});

/** @param {Box} box */
const middle = ([west, south, east, north]) => ({ x: (west + east) / 2, y: (south + north) / 2 });

/** @param {File | undefined} file */
const tiff = (file) => /\.tiff?$/i.test(file?.name ?? "");
const chosen = () => field("picture-file").files?.[0];

/** Where a picture will go, and at which zoom. */
function spot() {
  if (!get("picture")) return;
  zooms();
  const where = state.selection ? "the middle of the selection" : "the middle of the view";
  say(get("picture-spot"), tiff(chosen()) ? "A GeoTIFF goes to its own place." : `It goes to ${where}.`);
  button("picture-go").disabled = !chosen() || !state.world;
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
    prompt: field("picture-prompt").value,
  });
  button("picture-go").disabled = true;
  say(get("picture-said"), "Sending…");
  const { ok, said } = await ask(`/worlds/${state.world}/pictures?${query}`, "POST", file);
  say(get("picture-said"), ok ? [QUEUED, ...(said.notes ?? [])].join(" ") : said.error.message, !ok);
  if (ok) field("picture-file").value = "";
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
});
on("selection", ({ bounds }) => {
  state.selection = bounds;
  spot();
});
// No edit waits any more: what was said of the queue is over, what was said of the picture stays.
on("settled", () => {
  const said = get("picture-said");
  if (said?.textContent?.startsWith(QUEUED)) say(said, said.textContent.slice(QUEUED.length).trim());
});
