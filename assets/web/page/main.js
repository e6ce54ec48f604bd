// @ts-check
// The page around the map: which world is open, its address, keys.
import { formatLink, parseLink } from "../lib/place.js";
import "./brush.js";
import { emit, on, tellMap } from "./bus.js";
import { get } from "./dom.js";
import "./edit.js";
import "./export.js";
import { journalKey } from "./history.js";
import "./picture.js";
import "./status.js";
import "./theme.js";
import "./unpack.js";

let world = "";

/** Open a world. Gradio's events call it. @param {string} id */
export function open(id, place = "") {
  const frame = /** @type {HTMLIFrameElement | null} */ (get("earth-map"));
  if (!id || !frame) return;
  world = id;
  frame.src = `/worlds/${encodeURIComponent(id)}/map${place && `#${place}`}`;
  if (!place) history.replaceState(null, "", formatLink(id, ""));
}

/** The world that the address names, or else this one. Gradio calls it. @param {string} id */
export function first(id) {
  const asked = parseLink(location.hash);
  open(asked?.world ?? id, asked?.place);
}

on("view", (told) => {
  if (told.world === world) history.replaceState(null, "", formatLink(world, told.place));
});
window.addEventListener("hashchange", () => {
  const asked = parseLink(location.hash);
  if (asked && asked.world !== world) open(asked.world, asked.place);
  else if (asked?.place) tellMap({ type: "go", place: asked.place });
});

/** @param {KeyPress} event @param {EventTarget | null} target @returns {boolean} whether it was ours */
function key(event, target = null) {
  if (event.key !== "Escape") return journalKey(event, target);
  emit({ type: "escape" });
  return false;
}

on("key", (told) => key(told.key));
document.addEventListener("keydown", (event) => key(event, event.target) && event.preventDefault());
document.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("#title")) get("panel")?.classList.toggle("folded");
});
