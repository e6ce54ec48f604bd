// @ts-check
// A first visit: what this is, and one thing to try. It goes when that is tried or when it is put away, and it
// does not come back.
import { middle } from "../lib/frames.js";
import { recall, remember } from "../lib/memory.js";
import { phrase } from "../lib/phrases.js";
import { Grid } from "../lib/plane.js";
import { ask } from "./ask.js";
import { emit, on, tellMap } from "./bus.js";
import { field, get, make } from "./dom.js";
import { WELCOMED } from "./opening.js";

const EXAMPLE = 1; // of those for the world's zoom: the first one is the most like First Light

const state = {
  world: "",
  base: 8,
  /** @type {Box | null} */
  seen: null,
  /** @type {HTMLElement | null} */
  card: null,
};

async function welcome() {
  if (state.card || recall(WELCOMED) || !get("earth")) return;
  const card = make("aside", "", { id: "welcome", "aria-label": phrase("welcome") });
  state.card = card;
  const close = make("button", "×", { type: "button", class: "icon", "aria-label": phrase("close") });
  close.addEventListener("click", away);
  card.append(make("p", phrase("about")), close);
  get("earth").append(card);
  if (!(await mayChange())) return;
  const attempt = make("button", phrase("welcome.try"), { type: "button", class: "try" });
  attempt.addEventListener("click", begin);
  card.append(attempt);
}

/** Whether whoever is here may repaint the world on the map. */
async function mayChange() {
  const { ok, said } = await ask("/whoami");
  return ok && (said.role === "edit" || Boolean(said.worlds?.includes(state.world)));
}

/** A tile in the middle of the view, an example to paint there: only "Repaint" is left to press. */
async function begin() {
  const { world, base, seen } = state;
  if (!seen) return;
  const grid = new Grid(base);
  const [left, top] = grid.at(...middle(seen));
  emit({ type: "repaint", tile: [left, top] });
  tellMap({ type: "fit", bounds: grid.around({ left, top, right: left, bottom: top }), seen: true });
  const { ok, said } = await ask(`/worlds/${world}/words`);
  const prompt = field("edit-prompt");
  if (!ok || prompt.value) return;
  prompt.value = said.examples[EXAMPLE] ?? said.examples[0] ?? "";
  prompt.dispatchEvent(new Event("input", { bubbles: true }));
}

function away() {
  remember(WELCOMED, "yes");
  document.documentElement.classList.remove("newcomer");
  state.card?.remove();
}

on("ready", ({ world, base }) => {
  Object.assign(state, { world, base });
  welcome();
});
on("view seen", ({ seen }) => {
  state.seen = seen;
});
// Who finds the way by themselves needs no card.
on("place", ({ shown }) => shown[0] === "place-shape" && state.card && away());
