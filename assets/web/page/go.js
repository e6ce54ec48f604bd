// @ts-check
// One field that leads to a place: coordinates, a tile, a bookmark, or what land looks like. Bookmarks are kept in the world.
import { phrase } from "../lib/phrases.js";
import { formatPlace } from "../lib/place.js";
import { readPlace } from "../lib/whereto.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, make, say } from "./dom.js";
import { find, show as showFound } from "./find.js";
import { part } from "./parts.js";
import { copied } from "./share.js";
import { offerWorld } from "./worldlink.js";

/** @typedef {{name: string, place: string}} Bookmark place is "zoom/x/y" */

const state = {
  world: "",
  place: "",
  /** @type {Bookmark[]} */
  marks: [],
};

part("go", () => {
  get("go-form").addEventListener("submit", (event) => {
    event.preventDefault();
    go(field("go-to").value);
  });
  button("mark").addEventListener("click", mark);
  button("copy-link").addEventListener("click", () => copied("go-said", location.href));
  list();
});

/** @param {string} typed */
async function go(typed) {
  if (await offerWorld(typed)) return;
  const named = state.marks.find(({ name }) => name.toLowerCase() === typed.trim().toLowerCase());
  const place = named?.place ?? found(typed);
  showFound([]);
  if (!place) return typed.trim() ? find(state.world, typed.trim()) : say(get("go-said"), "");
  say(get("go-said"), "");
  tellMap({ type: "go", place });
}

/** @param {string} typed */
function found(typed) {
  const read = readPlace(typed);
  if (!read) return "";
  const zoom = read.zoom ?? Number.parseInt(state.place, 10);
  return formatPlace(zoom, read.x, read.y);
}

/** Keep the place that the map shows, under the name that was typed or the next free one. */
async function mark() {
  const typed = field("go-to").value.trim();
  const free = !readPlace(typed) && !state.marks.some(({ name }) => name === typed);
  const name = typed && free ? typed.slice(0, 80) : phrase("go.place", { count: state.marks.length + 1 });
  if (await keep([...state.marks, { name, place: state.place }])) {
    say(get("go-said"), phrase("go.kept", { name }));
    field("go-to").value = "";
  }
}

/** @param {Bookmark[]} marks */
async function keep(marks) {
  const { ok, said } = await ask(`/worlds/${state.world}/bookmarks`, "PUT", marks);
  if (!ok) say(get("go-said"), said.error.message, true);
  else state.marks = said;
  list();
  return ok;
}

function list() {
  if (!get("marks")) return;
  get("go-marks").replaceChildren(...state.marks.map(({ name }) => make("option", "", { value: name })));
  get("marks").replaceChildren(...state.marks.map(row));
}

/** @param {Bookmark} marked */
function row(marked) {
  const line = make("li");
  const there = make("button", marked.name, { type: "button", class: "there", title: phrase("go.there") });
  there.addEventListener("click", () => tellMap({ type: "go", place: marked.place }));
  const rename = make("button", "✎", {
    type: "button",
    class: "icon",
    "aria-label": phrase("go.rename", { name: marked.name }),
  });
  rename.addEventListener("click", () => renaming(line, marked));
  const remove = make("button", "×", {
    type: "button",
    class: "icon",
    "aria-label": phrase("go.remove", { name: marked.name }),
  });
  remove.addEventListener("click", () => keep(state.marks.filter((each) => each !== marked)));
  line.append(there, rename, remove);
  return line;
}

/** @param {HTMLElement} line @param {Bookmark} marked */
function renaming(line, marked) {
  const box = make("input", "", { type: "text", "aria-label": phrase("go.name") });
  box.value = marked.name;
  line.replaceChildren(box);
  box.focus();
  box.select();
  const done = () => {
    const name = box.value.trim();
    if (name && name !== marked.name)
      keep(state.marks.map((each) => (each === marked ? { ...each, name } : each)));
    else list();
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") box.blur();
    if (event.key === "Escape") {
      event.stopPropagation();
      box.value = marked.name;
      box.blur();
    }
  });
  box.addEventListener("blur", done, { once: true });
}

on("ready", async ({ world }) => {
  Object.assign(state, world === state.world ? {} : { world, marks: [] });
  const { ok, said } = await ask(`/worlds/${world}/bookmarks`);
  if (!ok || world !== state.world) return;
  state.marks = said;
  list();
});
on("view", ({ place }) => {
  state.place = place;
});
