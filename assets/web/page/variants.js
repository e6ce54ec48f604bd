// @ts-check
// Options for an edit, one seed apart, shown on the map where they would be. Nothing is changed until one is
// used. All of them are kept until another world is opened: one can go back and use another one instead.
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { ask } from "./ask.js";
import { emit, tellMap } from "./bus.js";
import { bringInSight, get, make } from "./dom.js";
import { follow, jobLine } from "./jobs.js";

export const OPTIONS = 3;
const MOST = 6; // kept: the app keeps the files of some finished jobs only

/** @typedef {{index: number, step: number}} Used an option, and the step that it became */
/** @typedef {{world: string, body: any, seeds: number[], pictured: Box, inside: Box, job: Job, used: Used | null}} Offer */
/** @typedef {(body: any) => Promise<number | null>} Apply makes an edit; its step, or null if it was refused */
/** @typedef {(words: string, wrong?: boolean) => void} Note */

/** @type {Offer | null} */
let offer = null; // open, or being painted
/** @type {Offer[]} */
let kept = [];

export const offered = () => offer !== null;

/**
 * Ask for options and show them.
 * @param {string} world @param {Chosen} selection @param {any} body of the edit @param {Apply} apply @param {Note} note
 */
export async function askForOptions(world, selection, body, apply, note) {
  const { ok, said } = await ask(`/worlds/${world}/variants`, "POST", { ...body, count: OPTIONS });
  if (!ok) return note(said.error.message, true);
  note("");
  /** @type {Offer} */
  const mine = {
    world,
    body,
    seeds: said.seeds,
    pictured: said.pictured,
    inside: selection.bounds ?? said.pictured,
    job: said.job,
    used: null,
  };
  offer = mine;
  emit({ type: "offered" });
  const line = jobLine(() => drop(mine), phrase("variants.painting", { count: OPTIONS }));
  line.show(said.job);
  fill(line.line);
  const job = await follow(said.job.id, line.show);
  if (offer !== mine) return;
  if (job?.state !== "done") {
    offer = null;
    shelf(apply, note);
    return note(job?.error?.message ?? (job ? "" : phrase("variants.lost")), true);
  }
  mine.job = job;
  kept.push(mine);
  for (const old of kept.splice(0, kept.length - MOST)) ask(`/jobs/${old.job.id}`, "DELETE");
  choices(mine, apply, note);
  if (selection.bounds) tellMap({ type: "fit", bounds: selection.bounds, seen: true });
}

/** @param {Offer} mine @param {Apply} apply @param {Note} note */
function choices(mine, apply, note) {
  const row = make("div", "", {
    class: "candidates",
    role: "radiogroup",
    "aria-label": phrase("variants.options"),
  });
  const use = make("button", "", { type: "button" });
  let chosen = mine.used?.index ?? 0;
  /** @param {number} index */
  const show = (index) => {
    chosen = index;
    use.disabled = mine.used?.index === index;
    use.textContent = phrase(use.disabled ? "variants.used" : "variants.use", { option: index + 1 });
    const url = rooted(mine.job.files[index].url);
    tellMap({ type: "preview", picture: { url, bounds: mine.pictured, inside: mine.inside } });
  };
  mine.job.files.forEach((file, index) => {
    const title = phrase("variants.option", { option: index + 1 });
    const label = make("label", "", { class: "candidate", title });
    const input = make("input", "", { type: "radio", name: "option", "aria-label": title });
    input.checked = index === chosen;
    input.addEventListener("change", () => show(index));
    label.append(input, make("img", "", { src: rooted(file.url), alt: "" }), make("span", String(index + 1)));
    row.append(label);
  });
  const away = () => {
    offer = null;
    shelf(apply, note);
  };
  use.addEventListener("click", async () => {
    use.disabled = true;
    if (mine.used) await takeBack(mine);
    const step = await apply({ ...mine.body, seed: mine.seeds[chosen] });
    if (step !== null) mine.used = { index: chosen, step };
    if (step === null) use.disabled = false;
    else if (offer === mine) away();
  });
  const none = make("button", phrase(mine.used ? "close" : "variants.none"), {
    type: "button",
    class: "second",
  });
  none.addEventListener("click", away);
  const ends = make("div", "", { class: "row2" });
  ends.append(use, none);
  fill(make("p", phrase("variants.choose")), row, ends);
  show(chosen);
  row.querySelectorAll("input")[chosen]?.focus({ preventScroll: true });
  bringInSight(get("edit-variants"));
}

/** Undo the option that was used, if nothing came after it: else the other one lies over it. @param {Offer} mine */
async function takeBack({ world, used }) {
  const { ok, said } = await ask(`/worlds/${world}/edits`);
  const last =
    ok && said.filter((/** @type {Step} */ { state }) => ["done", "waiting"].includes(state)).at(-1);
  if (last && last.number === used?.step) await ask(`/worlds/${world}/undo`, "POST");
}

/** The options that were asked for before, to go back to. @param {Apply} apply @param {Note} note */
function shelf(apply, note) {
  tellMap({ type: "preview", picture: null });
  if (!kept.length) return fill();
  const row = make("div", "", { class: "kept", role: "group", "aria-label": phrase("variants.kept") });
  for (const each of [...kept].reverse()) {
    const name = phrase("variants.again", { prompt: each.body.prompt || phrase("step.variation") });
    const press = make("button", "", { type: "button", title: name, "aria-label": name });
    const file = each.job.files[each.used?.index ?? 0];
    press.append(make("img", "", { src: rooted(file.url), alt: "" }));
    press.addEventListener("click", () => again(each, apply, note));
    row.append(press);
  }
  fill(make("p", phrase("variants.kept"), { class: "hint" }), row);
}

/** @param {Offer} mine @param {Apply} apply @param {Note} note */
async function again(mine, apply, note) {
  const { ok, status } = await ask(`/jobs/${mine.job.id}`);
  if (offer || !kept.includes(mine)) return;
  if (ok) {
    offer = mine;
    choices(mine, apply, note);
    tellMap({ type: "fit", bounds: mine.inside, seen: true });
  } else {
    if (status === 404) kept = kept.filter((each) => each !== mine);
    note(phrase("variants.lost"), true);
    shelf(apply, note);
  }
}

/** @param {HTMLElement[]} children */
function fill(...children) {
  const box = get("edit-variants");
  if (!box) return;
  box.hidden = !children.length;
  box.replaceChildren(...children);
  emit({ type: "options" });
}

/** An offer that is still being painted goes, and its job with it. @param {Offer} mine */
function drop(mine) {
  ask(`/jobs/${mine.job.id}`, "DELETE");
}

/** The world is closed: all options go. */
export function forget() {
  for (const each of new Set([...kept, ...(offer ? [offer] : [])])) drop(each);
  offer = null;
  kept = [];
  tellMap({ type: "preview", picture: null });
  fill();
}
