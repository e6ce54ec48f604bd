// @ts-check
// A map of another maker as a plan for land to come: what its colours mean is written beside them, the map
// shows the strokes it would become, and nothing is changed before it is laid.
import { Latest } from "../lib/latest.js";
import { phrase } from "../lib/phrases.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, make, say } from "./dom.js";
import { part } from "./parts.js";
import { isShown } from "./places.js";

const PAUSE = 400; // ms after the last letter
const SOFT = [0, 0.005, 0.01, 0.02, 0.04, 0.08]; // of the map's width

/** @typedef {{name: string, colour: string, share: number, prompt: string}} Key */

const state = {
  world: "",
  /** @type {Box | null} */
  view: null,
  /** @type {Box | null} */
  selection: null,
  /** @type {Box | null} */
  place: null, // where the map goes, as it was when it was chosen
  /** @type {File | null} */
  file: null,
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer: undefined,
};

const looks = new Latest(look);

part("blueprint", () => {
  field("blueprint-file").addEventListener("change", choose);
  get("blueprint-keys").addEventListener("input", later);
  field("blueprint-softness").addEventListener("input", later);
  button("blueprint-go").addEventListener("click", lay);
  button("blueprint-no").addEventListener("click", forget);
});

async function choose() {
  const file = field("blueprint-file").files?.[0];
  if (!file) return;
  Object.assign(state, { file, place: state.selection ?? state.view });
  get("blueprint-keys").replaceChildren();
  say(get("blueprint-said"), phrase("reading"));
  const { ok, said } = await send(true);
  if (file !== state.file) return;
  if (!ok) return say(get("blueprint-said"), said.error.message, true);
  get("blueprint-keys").replaceChildren(...said.legend.map(row));
  get("blueprint-rest").hidden = false;
  looks.want(file);
}

/** @param {Key} key */
function row({ name, colour, share, prompt }) {
  const line = make("label", "", { class: "key" });
  const swatch = make("i", "", { "aria-hidden": "true" });
  swatch.style.background = /^#[0-9a-f]{6}$/.test(colour) ? colour : "";
  const input = make("input", "", { type: "text", "data-key": name });
  input.value = prompt;
  input.setAttribute("aria-label", phrase("blueprint.key", { key: name }));
  const words = make("small", phrase("blueprint.share", { key: name, percent: Math.round(100 * share) }));
  line.append(swatch, words, input);
  return line;
}

function later() {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => state.file && looks.want(state.file), PAUSE);
}

/** What was written beside the colours. @returns {Record<string, string>} */
function prompts() {
  /** @type {[string, string][]} */
  const pairs = [...get("blueprint-keys").querySelectorAll("input")].map((input) => [
    input.dataset.key ?? "",
    input.value.trim(),
  ]);
  return Object.fromEntries(pairs.filter(([, prompt]) => prompt));
}

/** @param {boolean} dry nothing is changed @returns {Promise<Answer>} */
function send(dry) {
  const [west, , east] = state.place ?? [0, 0, 0, 0];
  const softness = SOFT[Number(field("blueprint-softness").value)] * (east - west);
  const query = new URLSearchParams({
    prompts: JSON.stringify(prompts()),
    softness: String(softness),
    dry_run: String(dry),
    ...(state.place ? { bounds: state.place.join(",") } : {}),
  });
  return ask(`/worlds/${state.world}/blueprint?${query}`, "POST", state.file);
}

/** Show what it would become. @param {File} file */
async function look(file) {
  const { ok, said } = await send(true);
  if (file !== state.file) return;
  button("blueprint-go").disabled = !ok || !said.strokes.length;
  if (!ok) return say(get("blueprint-said"), said.error.message, true);
  say(get("blueprint-said"), phrase("blueprint.regions", { count: said.strokes.length }));
  if (!isShown("view-plan")) return;
  tellMap({ type: "strokes", strokes: said.strokes.map(coloured) });
  tellMap({ type: "footprint", bounds: said.bounds });
}

/** As the swatch beside its prompt is. @param {Stroke} stroke @returns {Stroke} */
function coloured(stroke) {
  const row = [...get("blueprint-keys").querySelectorAll("label")].find(
    (each) => each.querySelector("input")?.value.trim() === stroke.prompt,
  );
  return { ...stroke, colour: row?.querySelector("i")?.style.backgroundColor };
}

async function lay() {
  button("blueprint-go").disabled = true;
  const { ok, said } = await send(false);
  button("blueprint-go").disabled = false;
  if (!ok) return say(get("blueprint-said"), said.error.message, true);
  forget();
  say(get("blueprint-said"), phrase("blueprint.laid"));
  field("brush-regions").checked = true;
  field("brush-regions").dispatchEvent(new Event("change"));
}

/** The map is not laid, or laid already: the strokes of the world are shown as they were. */
function forget() {
  clearTimeout(state.timer);
  state.file = null;
  if (!get("blueprint")) return;
  field("blueprint-file").value = "";
  get("blueprint-keys").replaceChildren();
  get("blueprint-rest").hidden = true;
  say(get("blueprint-said"), "");
  hide();
}

/** The map shows what it showed before. */
function hide() {
  tellMap({ type: "footprint", bounds: null });
  field("brush-regions").dispatchEvent(new Event("change"));
}

on("ready", ({ world }) => {
  if (world !== state.world) forget();
  Object.assign(state, { world, selection: null });
});
on("view", ({ bounds }) => {
  state.view = bounds;
});
on("selection", ({ bounds }) => {
  state.selection = bounds;
});
on("place", () => {
  if (!state.file) return;
  if (isShown("view-plan")) looks.want(state.file);
  else hide();
});
