// @ts-check
// Which world is on the map, and where: the one place that knows. The address says it, each world that
// is opened is an entry of the browser's history, and the panel is told of every change.

import { remember } from "../lib/memory.js";
import { phrase } from "../lib/phrases.js";
import { formatLink, parseLink } from "../lib/place.js";
import { VISITS, visited } from "../lib/visits.js";
import { ask } from "./ask.js";
import { forget, listen, on, tellMap } from "./bus.js";
import { get, field as input, make, say } from "./dom.js";
import { lead, left, mapOf, opening, visits } from "./opening.js";
import { part } from "./parts.js";

export { asked } from "./opening.js";

const GONE = phrase("world.gone");

const state = {
  world: "",
  name: "", // of it
  /** @type {string | null} */
  prompt: null, // in force, as the journal has it
  opened: 0,
  kept: false, // somebody is writing in the prompt's field
  told: "", // the world that the panel was told of last
  words: "", // why a world is not there
};

// The question stands at the end of the panel, which may be out of sight.
part("confirmation", (box) =>
  new ResizeObserver(() => box.scrollIntoView({ block: "nearest" })).observe(box),
);

/**
 * Show a world on the map, and tell the panel.
 * @param {string} world @param {string} at a place, or "": where the world was left
 * @param {string} words to say beside it
 */
async function show(world, at = "", words = "") {
  const opened = ++state.opened;
  Object.assign(state, { world, prompt: null, kept: false, words: GONE });
  const address = mapOf(world, at || left(world));
  const { ok, status, said } = await ask(`/worlds/${world}`);
  if (opened !== state.opened) return;
  state.name = ok ? said.name : "";
  if (status === 404) return gone(said.error.message);
  say(get("notice"), ok ? words : said.error.message, true);
  if (address !== opening.address) lead(address);
  opening.address = "";
  const frame = /** @type {HTMLIFrameElement} */ (get("earth-map"));
  frame.title = ok ? phrase("map.of", { name: said.name }) : phrase("map");
  document.title = ok ? `${said.name} - Endless Earth` : "Endless Earth";
  if (state.told !== world) get("follow")?.click();
  list();
}

/** The worlds to choose from, as they are now: other tabs make and delete some too. */
async function list() {
  const { ok, said } = await ask("/worlds");
  const box = input("world");
  if (!ok || !box) return;
  const options = said.map((/** @type {any} */ each) => make("option", each.name, { value: each.id }));
  // Visitors see other visitors' worlds by a link alone.
  if (state.name && !said.some((/** @type {any} */ each) => each.id === state.world))
    options.push(make("option", state.name, { value: state.world }));
  box.replaceChildren(...options);
  box.value = state.world;
}

/** The world is not there, or not any more: the server names another one. @param {string} words */
function gone(words) {
  state.words = words;
  say(get("notice"), words, true);
  get("follow")?.click();
  list();
}

/** What the panel shows now: another world than it was told of only where that is not there. @param {string} world */
export function agree(world) {
  if (!world || world === state.world || state.told !== state.world) return;
  history.replaceState(null, "", formatLink(world, left(world)));
  show(world, "", state.words);
}

/** Open a world: the one before is a step back. @param {string} world @param {string} at a place, or "" */
export function open(world, at = "") {
  if (!world) return;
  opening.over = true;
  if (world !== state.world) history.pushState(null, "", formatLink(world, at || left(world)));
  show(world, at);
}

/** The first world of this page. The server says which: what was asked for may not exist. One that somebody has
 * opened before the panel was there stays, and the panel follows. @param {string} world */
export function first(world) {
  opening.over = true;
  if (state.world) {
    state.told = world;
    listen();
    get("follow")?.click();
    list();
    return;
  }
  if (world !== opening.world) forget();
  enter(world);
  listen();
}

/** @param {string} world */
function enter(world) {
  state.told = world; // the panel begins with it
  const link = parseLink(location.hash);
  const words = link && link.world !== world ? phrase("error.no-world", { world: link.world }) : "";
  if (!world) return say(get("notice"), words, true);
  if (link?.world !== world) history.replaceState(null, "", formatLink(world, left(world)));
  show(world, link?.world === world ? link.place : "", words);
}

/** What the panel is to show: the world on the map, and whether the prompt's field is kept as it is. */
export function current() {
  state.told = state.world;
  const { world, kept } = state;
  state.kept = false;
  return [world, kept];
}

/** The arguments of one of Gradio's events, with the world on the map as the first.
 * @param {string} _ @param {any[]} rest */
export const onMap = (_, ...rest) => (rest.length ? [state.world, ...rest] : state.world);

const field = () => /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#prompt textarea"));

/** Whether somebody has changed the prompt's field, and not yet the prompt. */
export const writing = () => {
  const box = field();
  return box !== null && state.prompt !== null && box.value !== state.prompt;
};

on("prompt", ({ prompt }) => {
  if (prompt === state.prompt) return;
  state.kept = writing(); // asked before the new prompt counts, which the field does not have yet
  const known = state.prompt !== null;
  state.prompt = prompt;
  if (known) get("follow")?.click();
});
on("view", (told) => {
  if (told.world !== state.world) return;
  history.replaceState(null, "", formatLink(state.world, told.place));
  remember(VISITS, JSON.stringify(visited(visits(), state.world, told.place)));
});
on("gone", (told) => told.world === state.world && gone(GONE));

document.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLSelectElement && target.id === "world") open(target.value);
});
for (const type of ["focusin", "pointerenter"]) {
  document.addEventListener(
    type,
    ({ target }) => target instanceof Element && target.id === "world" && list(),
    true,
  );
}

// Back, forward, and a link that is opened in this tab.
window.addEventListener("popstate", () => {
  const link = parseLink(location.hash);
  if (!link) return;
  if (link.world === state.world) return link.place && tellMap({ type: "go", place: link.place });
  show(link.world, link.place);
});
