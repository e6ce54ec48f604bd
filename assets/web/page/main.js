// @ts-check
// The page around the map: its parts, and its keys.
import "./about.js";
import "./brush.js";
import "./blueprint.js";
import "./bounds.js";
import { emit, on } from "./bus.js";
import "./chips.js";
import "./drops.js";
import "./edit.js";
import "./export.js";
import "./gallery.js";
import "./go.js";
import "./help.js";
import { journalKey } from "./history.js";
import "./levels.js";
import "./mode.js";
import "./picture.js";
import "./places.js";
import "./sketch.js";
import "./status.js";
import "./theme.js";
import "./unpack.js";
import "./visitor.js";
import "./welcome.js";
import "./work.js";
import "./worldlink.js";

export { made, wished } from "./sketch.js"; // what Gradio's events call
export { agree, asked, current, first, onMap, open } from "./world.js"; // what Gradio's events call

/** @param {KeyPress} event @param {EventTarget | null} target @returns {boolean} whether it was ours */
function key(event, target = null) {
  if (event.key !== "Escape") return journalKey(event, target);
  emit({ type: "escape" });
  return false;
}

on("key", (told) => key(told.key));
document.addEventListener("keydown", (event) => key(event, event.target) && event.preventDefault());
