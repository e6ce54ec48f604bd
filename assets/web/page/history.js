// @ts-check
// The journal in the panel: what is being painted, what was done, undo and redo.

import { step as stepOf } from "../lib/keys.js";
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { between, painted } from "../lib/steps.js";
import { count, moment } from "../lib/words.js";
import { ask } from "./ask.js";
import { emit, on, tellMap } from "./bus.js";
import { compare, endCompare } from "./compare.js";
import { button, get, make, say } from "./dom.js";
import { follow, jobLine } from "./jobs.js";
import { part } from "./parts.js";
import { ways } from "./ways.js";

const MOST = 200; // steps listed
const TOLD = ["waiting", "cancelled", "undone"]; // states of a step that the list names
const WRITING = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";

/** @typedef {ReturnType<typeof jobLine> & {id: string | null}} QueuedJob */

const state = {
  world: "",
  /** @type {Step[]} */
  steps: [],
  asked: 0,
  /** @type {Map<number, QueuedJob>} */
  jobs: new Map(),
  /** @type {Map<number, {row: HTMLElement, state: string}>} */
  rows: new Map(),
};

part("steps", () => {
  button("undo").addEventListener("click", () => walk("undo"));
  button("redo").addEventListener("click", () => walk("redo"));
  state.jobs.clear();
  show();
});
part("history", () => {
  state.rows.clear();
  list();
});

/** @param {"undo" | "redo"} way */
async function walk(way) {
  const { ok, said } = await ask(`/worlds/${state.world}/${way}`, "POST");
  if (!ok) return say(get("steps-said"), said.error.message, true);
  endCompare();
  const step = state.steps.find((each) => each.number === said.entry);
  if (step) walked(way, step);
  refresh();
}

/** What was undone may be out of sight. @param {"undo" | "redo" | "painted"} what @param {Step} step */
function walked(what, step) {
  const line = get("steps-said");
  say(line, `${phrase(`walked.${what}`, { step: named(step) })} `);
  const { bounds } = step;
  if (!bounds) return;
  const show = make("button", phrase("show"), { type: "button", class: "quiet" });
  show.addEventListener("click", () => tellMap({ type: "fit", bounds }));
  line.append(show);
}

async function refresh() {
  const { world } = state;
  const asked = ++state.asked;
  if (!world) return;
  const { ok, said } = await ask(`/worlds/${world}/edits`);
  if (!ok || asked !== state.asked) return;
  const ended = painted(state.steps, said).at(-1);
  state.steps = said;
  emit({ type: "steps", steps: said });
  prompt();
  show();
  list();
  if (ended) walked("painted", ended);
  if (!state.steps.some((step) => step.state === "waiting")) emit({ type: "settled" });
}

/** What undo and redo would do, and the edits that are being painted. */
function show() {
  if (!get("steps")) return;
  const { steps } = state;
  const last = steps.filter((step, index) => index && step.state === "done").pop();
  const waiting = steps.filter((step) => step.state === "waiting");
  const undone = steps.find((step) => step.state === "undone");
  offer("undo", waiting.at(-1) ?? last);
  offer("redo", waiting.length ? undefined : undone);
  queue(waiting);
}

/** @param {"undo" | "redo"} id @param {Step | undefined} step */
function offer(id, step) {
  button(id).disabled = !step;
  button(id).title = step ? phrase(`${id}.step`, { step: named(step) }) : phrase(`${id}.none`);
}

/** @param {Step[]} waiting */
function queue(waiting) {
  for (const [number, job] of state.jobs) {
    if (waiting.some((step) => step.number === number && (step.job ?? null) === job.id)) continue;
    job.line.remove();
    state.jobs.delete(number);
  }
  for (const step of waiting) if (!state.jobs.has(step.number)) enqueue(step);
}

/** @param {Step} step */
async function enqueue(step) {
  const { world } = state;
  const id = step.job ?? null;
  const job = { id, ...jobLine(() => ask(`/jobs/${id}`, "DELETE"), named(step)) };
  job.button.hidden = !id; // it is not queued yet, or another process paints it
  state.jobs.set(step.number, job);
  get("queue").append(job.line);
  if (!id) {
    setTimeout(refresh, 1500);
    return;
  }
  say(get("steps-said"), "");
  const ended = await follow(id, job.show);
  if (state.world !== world) return;
  if (ended?.error) say(get("steps-said"), `${named(step)}: ${ended.error.message}`, true);
  refresh();
}

/** @param {Step} step */
function named(step) {
  if (step.prompt) return step.prompt;
  if (step.picture) return phrase("step.own");
  if (step.kind === "guide") return phrase("step.guided");
  if (step.kind === "clear") return phrase("step.cleared");
  return step.kind === "edit" ? phrase("step.variation") : phrase("step.no-prompt");
}

function list() {
  if (!get("history")) return;
  // What is forgotten, after something else was done instead, cannot be brought again.
  const steps = state.steps
    .filter((step) => step.state !== "forgotten")
    .slice(-MOST)
    .reverse();
  const rows = steps.map((step) => {
    const known = state.rows.get(step.number);
    const { back, forward } = between(state.steps, step.number);
    const now = `${step.state} ${back} ${forward}`; // what a row says
    if (known?.state === now) return known.row;
    const made = row(step);
    state.rows.set(step.number, { row: made, state: now });
    return made;
  });
  get("history-list").replaceChildren(...rows);
  get("history-none").hidden = steps.length > 1;
}

/** @param {Step} step */
function row(step) {
  const { bounds } = step;
  const line = make("li", "", { class: `step ${step.state}` });
  const inside = bounds
    ? make("button", "", { type: "button", class: "there", title: phrase("go.there") })
    : make("div", "", { class: "step-words" });
  if (bounds) inside.addEventListener("click", () => tellMap({ type: "fit", bounds }));
  const words = make("span", "", { class: "words" });
  const kind = step.picture ? "picture" : step.kind;
  const about = [
    phrase(`step.${kind}`),
    step.tiles && count(step.tiles, "tile"),
    TOLD.includes(step.state) && phrase(`step.state.${step.state}`),
  ].filter(Boolean);
  const small = make("small", `${about.join(" · ")} · `);
  small.append(make("time", moment(step.made), { datetime: step.made }));
  words.append(make("span", named(step), { class: "name", title: named(step) }), small);
  inside.append(words);
  const painted = step.kind === "edit" && (step.state === "done" || step.state === "undone");
  if (painted) inside.append(pictures(step));
  line.append(inside, acts(step, painted));
  line.append(ways(state.world, step, state.steps, named(step), refresh));
  return line;
}

/** What can be done with a step. @param {Step} step @param {boolean} painted */
function acts(step, painted) {
  const box = make("span", "", { class: "acts" });
  /** @param {string} words @param {string} whole with the step's name @param {() => void} act */
  const add = (words, whole, act) => {
    const press = make("button", words, { type: "button", class: "quiet", "aria-label": whole });
    press.addEventListener("click", act);
    box.append(press);
  };
  const told = { step: named(step) };
  if (painted && step.pictured)
    add(phrase("step.compare"), phrase("step.compare.whole", told), () => compare(state.world, step, box));
  if (!step.picture && step.kind !== "guide" && step.kind !== "clear")
    add(phrase("step.again"), phrase("step.again.whole", told), () => emit({ type: "reuse", step }));
  return box;
}

/** @param {Step} step */
function pictures(step) {
  const box = make("span", "", { class: "thumbs" });
  for (const side of ["before", "after"]) {
    const alt = phrase(`compare.${side}`);
    const image = make("img", "", { alt, title: alt, loading: "lazy", width: "44", height: "44" });
    image.addEventListener("error", () => image.remove());
    image.src = rooted(
      `/worlds/${state.world}/edits/${step.number}/${side}.webp?made=${encodeURIComponent(step.made)}`,
    );
    box.append(image);
  }
  return box;
}

/** The world's prompt follows undo and redo. */
function prompt() {
  const now = [...state.steps].reverse().find((step) => step.kind === "prompt" && step.state === "done");
  if (now) emit({ type: "prompt", prompt: now.prompt });
}

/** Keys on the page and, as the map tells them, in it. @param {KeyPress} event @param {EventTarget | null} target */
export function journalKey(event, target = null) {
  if (target instanceof Element && target.closest(WRITING)) return false;
  const way = stepOf(event);
  if (way) walk(way);
  return way !== null;
}

on("ready", ({ world }) => {
  if (world === state.world) return;
  Object.assign(state, { world, steps: [] });
  state.rows.clear();
  endCompare();
  say(get("steps-said"), "");
  show();
  list();
});
on("ready journal", refresh);
on("place", ({ shown }) => shown[0] !== "place-history" && endCompare());
