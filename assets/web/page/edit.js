// @ts-check
// The selection in words, and repainting it: at once, or one of several options.
import { count, number, size } from "../lib/words.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, say, speak } from "./dom.js";
import { opened, part, reveal, unfold } from "./parts.js";
import { askForOptions, forget, offered } from "./variants.js";
import { writing } from "./world.js";

const QUEUED = "Queued. It shows on the map when it is painted.";
const SEEDS = 2 ** 31;
/** @type {Chosen} */
const NOTHING = { count: 0, tiles: [], bounds: null };

const state = { world: "", limit: 256, selection: NOTHING, words: "", wrong: false };

part("edit", (box) => {
  state.limit = Number(box.dataset.limit);
  speak(field("edit-strength"), strength);
  button("edit-dice").addEventListener("click", () => {
    field("edit-seed").value = String(Math.floor(Math.random() * SEEDS));
    field("edit-seed").dispatchEvent(new Event("input", { bubbles: true }));
  });
  button("edit-clear").addEventListener("click", () => tellMap({ type: "clear" }));
  button("edit-go").addEventListener("click", () => apply(wish()));
  button("edit-three").addEventListener("click", () => askForOptions(state.world, wish(), apply, note));
  say(get("edit-said"), state.words, state.wrong);
  select();
});

/** Words that wait for the form if it is not there yet. @param {string} words */
function note(words, wrong = false) {
  Object.assign(state, { words, wrong });
  say(get("edit-said"), words, wrong);
}

/** @param {number} value */
function strength(value) {
  if (value >= 1) return "replace";
  return value >= 0.7 ? "keep a hint" : "keep shapes";
}

const wish = () => ({
  tiles: state.selection.tiles,
  prompt: field("edit-prompt").value,
  negative_prompt: field("edit-negative").value,
  strength: Number(field("edit-strength").value),
  ...(field("edit-seed").value === "" ? {} : { seed: Number(field("edit-seed").value) }),
});

/** What is selected, and what it allows. */
function select() {
  if (!get("edit")) return;
  const { selection, limit } = state;
  const tooMany = selection.count > limit;
  const words = tooMany
    ? `Too many tiles (${number(selection.count)}). The limit is ${number(limit)}.`
    : described(selection);
  say(get("edit-selection"), words, tooMany);
  get("edit-clear").hidden = !selection.count;
  get("edit-hint").hidden = Boolean(selection.count);
  button("edit-go").disabled = !selection.count || tooMany;
  button("edit-three").disabled = !selection.count || tooMany || offered();
}

/** @param {Chosen} selection */
function described({ count: many, bounds }) {
  if (!bounds) return "Nothing is selected";
  const [west, south, east, north] = bounds;
  return `${count(many, "tile")}, ${size(east - west, north - south)}`;
}

/** @param {any} body */
async function apply(body) {
  const { ok, said } = await ask(`/worlds/${state.world}/edits`, "POST", body);
  note(ok ? QUEUED : said.error.message, !ok);
  return ok;
}

on("ready", ({ world }) => {
  if (world !== state.world) forget();
  Object.assign(state, { world, selection: NOTHING });
  select();
});
on("hint", ({ text }) => note(text, true));
on("selection", (told) => {
  // The first tile that is chosen opens the form, in the place of the world's prompt, unless it is
  // for another one: an export's rectangle, or a picture's place.
  if (told.count && !state.selection.count && !["part-edit", "home", "part-picture"].some(opened)) {
    if (!writing()) unfold("part-world", false);
    reveal("part-edit");
  }
  if (told.count) note("");
  state.selection = told;
  select();
});
// No edit waits any more.
on("settled", () => {
  if (state.words === QUEUED) note("");
});
