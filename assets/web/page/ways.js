// @ts-check
// Ways through the history: back to a step and forward again, an edit made again elsewhere, a copy of the world.

import { phrase } from "../lib/phrases.js";
import { between } from "../lib/steps.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { get, make, say } from "./dom.js";
import { open } from "./world.js";

const MANY = 3; // steps that are undone without a question

/** @type {{world: string, step: Step} | null} */
let stamping = null;
let here = ""; // the world on the map
/** @type {{world: string, words: string} | null} */
let copied = null; // a copy that was made, to be said once it is on the map

/**
 * What else can be done with a step, behind one button.
 * @param {string} world @param {Step} step @param {Step[]} steps all of them @param {string} name of the step
 * @param {() => void} refresh after the journal has changed
 */
export function ways(world, step, steps, name, refresh) {
  const box = make("details", "", { class: "more" });
  box.append(
    make("summary", phrase("step.more"), { "aria-label": phrase("step.more.whole", { step: name }) }),
  );
  const menu = box.appendChild(make("div", "", { class: "menu" }));
  /** @param {string} words @param {string} whole with the step's name @param {() => void} act */
  const add = (words, whole, act) => {
    const press = make("button", words, { type: "button", class: "quiet", "aria-label": whole });
    press.addEventListener("click", act);
    menu.append(press);
  };
  const told = { step: name };
  const { back, forward } = between(steps, step.number);
  if (back) {
    const go = () => travel(world, "undo", step.number, back, refresh);
    const act = () => (back > MANY ? sure(box, back, go) : go());
    add(phrase("step.back"), phrase("step.back.whole", told), act);
  }
  if (forward) {
    const act = () => travel(world, "redo", step.number, forward, refresh);
    add(phrase("step.forward"), phrase("step.forward.whole", told), act);
  }
  if (step.kind === "edit" && !step.picture) {
    add(phrase("step.stamp"), phrase("step.stamp.whole", told), () => stamp(world, step, name));
  }
  if (step.state === "done") {
    add(phrase("step.branch"), phrase("step.branch.whole", told), () => branch(world, step));
  }
  return box;
}

/**
 * @param {string} world @param {"undo" | "redo"} way @param {number} to a step
 * @param {number} count steps on the way @param {() => void} refresh
 */
async function travel(world, way, to, count, refresh) {
  const { ok, said } = await ask(`/worlds/${world}/${way}?to=${to}`, "POST");
  const words = way === "undo" ? phrase("step.went", { count }) : phrase("step.came", { count });
  say(get("steps-said"), ok ? words : said.error.message, !ok);
  refresh();
}

/** Ask first. @param {HTMLElement} box @param {number} count steps @param {() => void} act */
function sure(box, count, act) {
  box.querySelector(".sure")?.remove();
  const asking = make("div", "", { class: "sure" });
  const yes = make("button", phrase("step.sure.yes", { count }), { type: "button" });
  const no = make("button", phrase("cancel"), { type: "button", class: "second" });
  yes.addEventListener("click", act);
  no.addEventListener("click", () => asking.remove());
  const ends = make("div", "", { class: "row2" });
  ends.append(yes, no);
  asking.append(make("p", phrase("step.sure", { count })), ends);
  box.append(asking);
  yes.focus();
}

/** @param {string} world @param {Step} step */
async function branch(world, step) {
  const { ok, said } = await ask(`/worlds/${world}/branch`, "POST", { step: step.number });
  if (!ok) return say(get("steps-said"), said.error.message, true);
  copied = { world: said.id, words: phrase("step.branched", { name: said.name }) };
  open(said.id);
}

/** The map asks where. @param {string} world @param {Step} step @param {string} name */
function stamp(world, step, name) {
  stamping = { world, step };
  tellMap({ type: "stamp", bounds: step.bounds });
  const stop = make("button", phrase("stamp.stop"), { type: "button", class: "quiet" });
  stop.addEventListener("click", done);
  const line = get("steps-said");
  say(line, `${phrase("stamp.how", { step: name })} `);
  line.append(stop);
}

function done() {
  if (!stamping) return;
  stamping = null;
  tellMap({ type: "stamp", bounds: null });
  say(get("steps-said"), "");
}

on("stamped", async ({ at }) => {
  if (!stamping) return;
  const { world, step } = stamping;
  const { ok, said } = await ask(`/worlds/${world}/edits/${step.number}/stamp`, "POST", { at });
  if (!ok) say(get("steps-said"), said.error.message, true);
});
on("escape ready selecting region brush", done);
on("ready", ({ world }) => {
  here = world;
});
on("steps", () => {
  if (copied?.world !== here) return;
  say(get("steps-said"), copied.words);
  copied = null;
});
