// @ts-check
// The panel's forms. Gradio makes them, and may make one anew: then it is wired again, and what was in
// its fields is put back. What was written in them is put back after a reload, too: Gradio reloads the page when
// a lost connection is there again.
import { hold, takeBack } from "../lib/memory.js";
import { field, get } from "./dom.js";

const WRITTEN = "earth-written";
/** @type {Record<string, [string, string][]>} what was written, by form and field */
const before = JSON.parse(takeBack(WRITTEN) ?? "{}");

/** @typedef {{id: string, wire: (box: HTMLElement) => void, kept: Map<string, string | boolean>, box?: HTMLElement}} Part */
/** @type {Part[]} */
const parts = [];

/** @param {string} id @param {(box: HTMLElement) => void} wire */
export function part(id, wire) {
  parts.push({ id, wire, kept: new Map(before[id]) });
  queueMicrotask(look); // once the module that asks is whole
}

function look() {
  for (const each of parts) {
    const { id, wire, kept } = each;
    const box = get(id);
    if (!box || box === each.box) continue;
    each.box = box;
    for (const [name, value] of kept) restore(field(name), value);
    /** @param {Event} event */
    const keep = ({ target }) => {
      if (!(target instanceof HTMLElement) || !target.id) return;
      const changed = /** @type {HTMLInputElement} */ (target);
      if (changed.type !== "file")
        kept.set(changed.id, changed.type === "checkbox" ? changed.checked : changed.value);
    };
    box.addEventListener("input", keep);
    box.addEventListener("change", keep);
    wire(box);
  }
}

/** @param {HTMLInputElement | null} input @param {string | boolean} value */
function restore(input, value) {
  if (!input) return;
  if (typeof value === "boolean") input.checked = value;
  else input.value = value;
}

new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });

addEventListener("pagehide", () => {
  // A form that Gradio has not made yet still holds what was written before.
  /** @param {Part} each @returns {[string, string][]} */
  const written = ({ kept }) =>
    [...kept]
      .filter(([name]) => field(name)?.matches("textarea, [type=text]") ?? true)
      .map(([name, value]) => [name, field(name)?.value ?? String(value)]);
  hold(WRITTEN, JSON.stringify(Object.fromEntries(parts.map((each) => [each.id, written(each)]))));
});
