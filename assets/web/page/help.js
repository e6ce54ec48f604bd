// @ts-check
// Keys and gestures: `?` or the button shows them.
import { phrase } from "../lib/phrases.js";
import { on, tellMap } from "./bus.js";
import { make } from "./dom.js";
import { languageField } from "./language.js";

/** What the keys do, by where; the catalogue has words for each. */
const KEYS = {
  map: ["move", "zoom", "select", "more", "rectangle", "brush", "less", "measure", "own", "clear"],
  everywhere: ["undo", "send", "full", "grid", "painted", "list"],
};
const WRITING = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";

/** @type {HTMLDialogElement | null} */
let box = null;

function show() {
  if (box?.open) return box.close();
  if (!box) {
    box = make("dialog", "", { id: "keys", "aria-labelledby": "keys-title" });
    const close = make("button", phrase("close"), { type: "button" });
    close.addEventListener("click", () => box?.close());
    const tables = Object.entries(KEYS).flatMap(([where, keys]) => {
      const table = make("dl");
      for (const key of keys)
        table.append(make("dt", phrase(`keys.${key}`)), make("dd", phrase(`keys.${key}.how`)));
      return [make("h3", phrase(`keys.${where}`)), table];
    });
    // The title has the focus first: else a short screen would show the end of the list.
    const title = make("h2", phrase("keys.title"), { id: "keys-title", tabindex: "-1", autofocus: "" });
    box.append(title, ...tables, languageField(), close);
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
