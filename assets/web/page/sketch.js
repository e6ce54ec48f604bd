// @ts-check
// The form of a new world: a small sketch of what it would look like where it opens, painted before it is made.

import { Latest } from "../lib/latest.js";
import { phrase } from "../lib/phrases.js";
import { readSeed } from "../lib/seed.js";
import { askPicture } from "./ask.js";
import { on } from "./bus.js";
import { get, say } from "./dom.js";
import { part } from "./parts.js";
import { isShown, reveal } from "./places.js";
import { open } from "./world.js";

const PAUSE = 500; // ms after the last letter, before a sketch is asked for

/** @typedef {{prompt: string, seed: string, zoom: number, model: string}} Wish */

const state = {
  /** @type {Wish} */
  wish: { prompt: "", seed: "", zoom: 0, model: "" },
  shown: "", // the wish that the picture is of
  made: true, // the seed is used up: the next world is another one
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer: undefined,
};

const sketches = new Latest(paint);

part("sketch", () => look());

/** What the form says now; Gradio calls it with each change.
 * @param {string} prompt @param {string} seed @param {number} zoom @param {string} model */
export function wished(prompt, seed, zoom, model) {
  state.wish = { prompt: prompt ?? "", seed: String(seed ?? "").trim(), zoom, model };
  look();
}

/** A world was made of the form: it is shown, and the form's seed is used up. @param {string} id */
export function made(id) {
  if (!id) return;
  state.made = true;
  reveal("view-world");
  open(id);
}

/** Ask for a sketch if the one there is of something else. */
function look() {
  clearTimeout(state.timer);
  if (!get("sketch") || !isShown("view-new")) return;
  const { wish } = state;
  const picture = get("sketch-picture");
  const wanted = JSON.stringify(wish);
  picture.classList.toggle("old", wanted !== state.shown);
  if (wanted === state.shown) return;
  if (!wish.seed) return say(get("sketch-said"), phrase("sketch.no-seed"));
  const { wrong } = readSeed(wish.seed);
  if (wrong) return say(get("sketch-said"), wrong, true);
  state.timer = setTimeout(() => {
    say(get("sketch-said"), phrase("sketch.painting"));
    sketches.want(wish);
  }, PAUSE);
}

/** @param {Wish} wish */
async function paint(wish) {
  const { prompt, zoom, model } = wish;
  const { seed } = readSeed(wish.seed);
  const answer = await askPicture("/preview", { prompt, seed, base_zoom: zoom, model });
  if (JSON.stringify(wish) !== JSON.stringify(state.wish)) return; // stale: the next one comes
  if (!answer.ok) return say(get("sketch-said"), answer.said.error.message, true);
  const picture = /** @type {HTMLImageElement} */ (get("sketch-picture"));
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(answer.said);
  picture.hidden = false;
  picture.classList.remove("old");
  state.shown = JSON.stringify(wish);
  say(get("sketch-said"), phrase(wish.prompt.trim() ? "sketch.done" : "sketch.no-prompt"));
}

on("place", () => {
  if (!isShown("view-new")) return;
  if (state.made) get("dice")?.click();
  state.made = false;
  look();
});
