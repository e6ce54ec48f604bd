// @ts-check
// The brush: what it is for, its settings, and the strokes that are drawn over the map.
import { phrase } from "../lib/phrases.js";
import { Grid } from "../lib/plane.js";
import { reported } from "../lib/report.js";
import { length } from "../lib/words.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, make, say, send, speak } from "./dom.js";
import { part } from "./parts.js";
import { reveal } from "./places.js";

const RADII = [0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32]; // in tiles
const EDGES = [0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16];

const state = {
  world: "",
  land: "new",
  side: new Grid(8).side, // of a tile, in metres
  on: false,
  /** @type {Step[]} */
  strokes: [],
  shown: false,
  words: "",
  wrong: false,
};

part("brush", (box) => {
  /** @param {string} id @param {number[]} steps @param {(metres: number) => string} words */
  const scale = (id, steps, words) => {
    field(id).max = String(steps.length - 1);
    speak(field(id), (step) => words(steps[step] * state.side));
    field(id).addEventListener("input", tell);
  };
  scale("brush-radius", RADII, length);
  scale("brush-softness", EDGES, (metres) => (metres ? length(metres) : phrase("brush.sharp")));
  field("brush-prompt").addEventListener("input", () => {
    if (!field("brush-prompt").value.trim()) state.on = false;
    tell();
  });
  field("brush-regions").checked = state.shown;
  field("brush-regions").addEventListener("change", () => show(field("brush-regions").checked));
  for (const each of lands()) each.addEventListener("change", () => choose(each.value));
  choose(state.land);
  send(box, button("brush-toggle"));
  button("brush-toggle").addEventListener("click", () => turn(!state.on));
  say(get("brush-said"), state.words, state.wrong);
  tell();
});

/** Words that wait for the form if it is not there yet. @param {string} words */
function note(words, wrong = false) {
  Object.assign(state, { words, wrong });
  say(get("brush-said"), words, wrong);
}

/** @param {boolean} shown */
function show(shown) {
  state.shown = shown;
  if (field("brush-regions")) field("brush-regions").checked = shown;
  tellMap({ type: "strokes", strokes: shown ? state.strokes : [] });
}

/** The brush has no colour without a prompt: the panel asks for one. @param {boolean} up */
function turn(up) {
  const prompt = field("brush-prompt")?.value.trim();
  state.on = up && Boolean(prompt);
  if (up) reveal("view-plan", prompt ? "" : "brush-prompt");
  if (state.on) show(true);
  note(up && !prompt ? phrase("brush.ask") : "");
  tell();
}

const wish = () => ({
  prompt: field("brush-prompt").value,
  radius: RADII[Number(field("brush-radius").value)] * state.side,
  softness: EDGES[Number(field("brush-softness").value)] * state.side,
});

function tell() {
  const toggle = button("brush-toggle");
  if (!toggle) return;
  toggle.setAttribute("aria-pressed", String(state.on));
  toggle.textContent = state.on ? phrase("brush.stop") : phrase("brush.start");
  tellMap({ type: "brush", brush: { on: state.on, ...wish() } });
}

const lands = () =>
  /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('#brush input[name="brush-land"]')]);

/** @param {string} land */
function choose(land) {
  state.land = land;
  for (const each of lands()) each.checked = each.value === land;
  say(get("brush-hint"), phrase(`brush.hint.${land}`));
}

/** @param {any} stroke @param {string} land */
async function paint(stroke, land) {
  const { ok, said } = await ask(`/worlds/${state.world}/strokes`, "POST", { ...stroke, land });
  if (!said.revision) show(state.shown); // else the journal brings what was just drawn
  if (!ok) return note(said.error.message, true);
  const words = [
    said.revision ? phrase("brush.laid") : "",
    said.edit ? phrase("brush.again", { count: said.painted.length }) : "",
    reported(said.prompt_report),
  ];
  note(words.filter(Boolean).join(" "));
  if (said.painted.length && !said.edit) offer(stroke, said.painted.length);
}

/** A stroke was for land to come; what is painted can be painted again. @param {any} stroke @param {number} many tiles */
function offer(stroke, many) {
  const repaint = phrase("brush.repaint", { count: many });
  const press = make("button", repaint, { type: "button", id: "brush-repaint", class: "second" });
  press.addEventListener("click", () => {
    press.disabled = true;
    paint(stroke, "painted");
  });
  get("brush-said").append(make("p", phrase("brush.painted", { count: many })), press);
}

on("ready", ({ world, base }) => {
  Object.assign(state, { world, side: new Grid(base).side, on: false });
  for (const id of ["brush-radius", "brush-softness"]) get(id)?.dispatchEvent(new Event("input"));
  tell();
});
on("brush", (told) => turn(told.on));
on("selecting region", () => state.on && turn(false));
on("stroke", ({ path }) => paint({ ...wish(), path }, state.land));
// The strokes in force, as the journal has them.
on("steps", ({ steps }) => {
  state.strokes = steps.filter((/** @type {Step} */ step) => step.kind === "stroke" && step.state === "done");
  show(state.shown);
});
on("reuse", ({ step }) => {
  if (step.kind !== "stroke" || !get("brush")) return;
  reveal("view-plan", "brush-prompt");
  field("brush-prompt").value = step.prompt;
  field("brush-prompt").dispatchEvent(new Event("input", { bubbles: true }));
});
// Escape stops brushing or measuring; otherwise it clears the selection.
on("escape", () => {
  if (state.on) turn(false);
  else tellMap({ type: "escape" });
});
