// @ts-check
// Keys and gestures: `?` or the button shows them.
import { on, tellMap } from "./bus.js";
import { make } from "./dom.js";

/** @type {[string, string][]} */
const KEYS = [
  ["On the map", ""],
  ["Move", "Drag, or arrow keys"],
  ["Zoom", "Wheel, pinch, double click, + and -"],
  ["Select a tile", "Click in Shape, or Enter for the middle of the map"],
  ["Add or remove a tile", "Ctrl or Shift and click, Shift+Enter"],
  ["Select a rectangle", "Shift and drag, or R, arrow keys, Enter"],
  ["Brush, lasso, exact rectangle", "Drag, or Space, arrow keys, Space"],
  ["Take away from a region", "Alt and drag"],
  ["Measure", "M, then click from place to place"],
  ["Clear, stop", "Escape"],
  ["Everywhere", ""],
  ["Undo, redo", "Ctrl+Z, Ctrl+Shift+Z"],
  ["Send a form", "Ctrl+Enter"],
  ["Full screen", "F"],
  ["Tile grid", "G"],
  ["What is painted", "P"],
  ["This list", "?"],
];
const WRITING = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";

/** @type {HTMLDialogElement | null} */
let box = null;

function show() {
  if (box?.open) return box.close();
  if (!box) {
    box = make("dialog", "", { id: "keys", "aria-labelledby": "keys-title" });
    const close = make("button", "Close", { type: "button" });
    close.addEventListener("click", () => box?.close());
    const table = make("dl");
    for (const [what, how] of KEYS) {
      if (!how) table.append(make("h3", what));
      else table.append(make("dt", what), make("dd", how));
    }
    box.append(make("h2", "Keys and gestures", { id: "keys-title" }), table, close);
    document.body.append(box);
  }
  box.showModal();
}

/** Keys that are the map's, wherever they are pressed. @param {KeyPress} key @returns {boolean} */
function press(key) {
  if (key.ctrlKey || key.metaKey || key.altKey) return false;
  if (key.key === "?") show();
  else if (/^[fgmp]$/i.test(key.key)) tellMap({ type: "press", key: key.key.toLowerCase() });
  else return false;
  return true;
}

on("key", ({ key }) => key.key === "?" && show());
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (target instanceof Element && target.closest(`${WRITING}, [role="tab"], dialog`)) return;
  if (press(event)) event.preventDefault();
});
document.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("#help")) show();
});
