// @ts-check
// Examples and words that the model knows, beside the prompts of edits and the brush: a click writes them.
import { phrase } from "../lib/phrases.js";
import { toggled } from "../lib/prompts.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { field, make } from "./dom.js";
import { part } from "./parts.js";

/** @type {{world: string, zoom: string, words: Record<string, string[]> | null, asked: string}} */
const state = { world: "", zoom: "", words: null, asked: "" };

for (const id of ["edit", "brush"]) {
  part(id, (box) => box.querySelector("details.chips")?.addEventListener("toggle", look));
}

const boxes = () =>
  /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll("details.chips[open]")]);

/** The words for the zoom of the view, once somebody wants to see them. */
async function look() {
  if (!boxes().length || !state.world) return;
  const asked = `/worlds/${state.world}/words?zoom=${state.zoom}`;
  if (asked !== state.asked) {
    state.asked = asked;
    const { ok, said } = await ask(asked);
    if (asked !== state.asked) return;
    state.words = ok ? said : null;
    if (!ok) state.asked = ""; // to be asked again
  }
  for (const box of boxes()) fill(box);
}

/** @param {HTMLDetailsElement} box */
function fill(box) {
  const list = box.querySelector("div");
  const prompt = field(box.dataset.into ?? "");
  if (!list || !prompt) return;
  list.replaceChildren();
  for (const [name, words] of Object.entries(state.words ?? {})) {
    if (!words.length) continue;
    const row = make("div", "", { class: "row", role: "group", "aria-label": phrase(`chips.${name}`) });
    for (const word of words) {
      const press = make("button", word, { type: "button", lang: "en" });
      press.addEventListener("click", () => {
        prompt.value = name === "examples" ? word : toggled(prompt.value, word);
        prompt.dispatchEvent(new Event("input", { bubbles: true }));
      });
      row.append(press);
    }
    list.append(make("p", phrase(`chips.${name}`)), row);
  }
}

on("ready", ({ world }) => {
  state.world = world;
  look();
});
on("view", ({ place }) => {
  const zoom = place.split("/")[0];
  if (zoom === state.zoom) return;
  state.zoom = zoom;
  look();
});
