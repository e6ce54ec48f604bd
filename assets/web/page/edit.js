// @ts-check
// What is chosen in words, and repainting it: at once, or one of several options.
import { phrase } from "../lib/phrases.js";
import { reported } from "../lib/report.js";
import { randomSeed, readSeed } from "../lib/seed.js";
import { count, size } from "../lib/words.js";
import { ask } from "./ask.js";
import { emit, on, tellMap } from "./bus.js";
import { button, field, get, say, send, speak } from "./dom.js";
import { part } from "./parts.js";
import { isShown, reveal } from "./places.js";
import { region } from "./region.js";
import { askForOptions, forget, offered } from "./variants.js";

const QUEUED = phrase("queued");
const KEEPS = ["view-edit", "view-export", "view-picture"]; // views that a selection is for
/** @type {Chosen} */
const NOTHING = { count: 0, tiles: [], bounds: null, exact: false, mask: null };

const state = { world: "", limit: 256, selection: NOTHING, words: "", wrong: false };

part("edit", (box) => {
  state.limit = Number(box.dataset.limit);
  speak(field("edit-strength"), strength);
  button("edit-dice").addEventListener("click", () => {
    field("edit-seed").value = randomSeed();
    field("edit-seed").dispatchEvent(new Event("input", { bubbles: true }));
  });
  button("edit-clear").addEventListener("click", () => tellMap({ type: "clear" }));
  button("edit-go").addEventListener("click", () => wished(apply));
  button("edit-three").addEventListener("click", () =>
    wished((body) => askForOptions(state.world, state.selection, body, apply, note)),
  );
  button("edit-reveal").addEventListener("click", clear);
  send(box, button("edit-go"));
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
  if (value >= 1) return phrase("edit.strength.replace");
  return value >= 0.7 ? phrase("edit.strength.hint") : phrase("edit.strength.shapes");
}

/** What the form asks for, if all of it can be read. @param {(body: any) => unknown} act */
async function wished(act) {
  const { seed, wrong } = readSeed(field("edit-seed").value);
  if (wrong) return note(wrong, true);
  act({
    ...(await region(state.selection)),
    prompt: field("edit-prompt").value,
    negative_prompt: field("edit-negative").value,
    strength: Number(field("edit-strength").value),
    ...(seed === undefined ? {} : { seed }),
  });
}

/** What is selected, and what it allows. */
function select() {
  if (!get("edit")) return;
  const { selection, limit } = state;
  const tooMany = selection.count > limit;
  const words = tooMany
    ? phrase("error.too-many-tiles", { count: selection.count, limit })
    : described(selection);
  say(get("edit-selection"), words, tooMany);
  get("edit-clear").hidden = !selection.count;
  button("edit-go").disabled = !selection.count || tooMany;
  button("edit-reveal").disabled = !selection.count || tooMany;
  button("edit-three").disabled = !selection.count || tooMany || offered();
  get("edit-reveal").hidden = offered(); // room for the options
}

/** @param {Chosen} selection */
function described({ count: many, bounds, mask }) {
  if (!bounds) return phrase("edit.nothing");
  const [west, south, east, north] = bounds;
  if (mask) return phrase("edit.region", { size: size(east - west, north - south) });
  return `${count(many, "tile")}, ${size(east - west, north - south)}`;
}

/** Show the land without its edits. */
async function clear() {
  const { tiles, mask } = state.selection;
  const held = mask ? mask.tiles : tiles;
  const { ok, said } = await ask(`/worlds/${state.world}/clear`, "POST", { tiles: held });
  note(ok ? phrase("edit.revealed", { count: said.tiles }) : said.error.message, !ok);
}

/** @param {any} body @returns {Promise<number | null>} the step that it is, or null if it was refused */
async function apply(body) {
  const { ok, said } = await ask(`/worlds/${state.world}/edits`, "POST", body);
  note(ok ? `${QUEUED} ${reported(said.prompt_report)}`.trim() : said.error.message, !ok);
  if (ok) emit({ type: "journal" }); // it may be painted before this answer is here
  return ok ? said.revision : null;
}

on("ready", ({ world }) => {
  if (world !== state.world) forget();
  Object.assign(state, { world, selection: NOTHING });
  select();
});
on("hint", ({ text }) => {
  note(text, true);
  if (!isShown("view-edit")) reveal("view-edit");
});
on("options", select);
on("selection", (told) => {
  // Tiles that are chosen open the form, unless they are for an export or a picture's place.
  if (told.count && !state.selection.count && !KEEPS.some(isShown)) reveal("view-edit");
  if (told.count) note("");
  state.selection = told;
  select();
});
on("repaint", ({ tile }) => {
  reveal("view-edit", "edit-prompt");
  tellMap({ type: "choose", tile });
});
// No edit waits any more: what was said of the queue is over, what was said of the prompt stays.
on("settled", () => {
  if (state.words.startsWith(QUEUED)) note(state.words.slice(QUEUED.length).trim());
});
// A step's settings, to be used again.
on("reuse", ({ step }) => {
  if (step.kind === "stroke") return;
  reveal("view-edit", "edit-prompt");
  for (const [id, value] of [
    ["edit-prompt", step.prompt],
    ["edit-negative", step.negative_prompt ?? ""],
    ["edit-strength", step.strength ?? 1],
    ["edit-seed", step.seed ?? ""],
  ]) {
    field(id).value = String(value);
    field(id).dispatchEvent(new Event("input", { bubbles: true }));
  }
});
