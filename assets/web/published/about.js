// @ts-check
// What a published world says of itself, and the link to the place one sees.
import { phrase } from "../lib/phrases.js";
import { addControl } from "../map/buttons.js";

const SAID = 4000; // ms that an answer stays

/** Its name, prompt, seed, model and licence. All of it is text, whatever is in it.
 * @param {L.Map} map @param {Published} world */
export function addAbout(map, world) {
  const box = L.DomUtil.create("details", "about");
  box.open = matchMedia("(min-width: 700px)").matches;
  line(box, "summary", world.name);
  line(box, "p", world.prompt, "prompt");
  line(box, "p", phrase("published.invented"));
  const { model, licence, seed } = world;
  line(box, "p", phrase("published.made", { seed: String(seed), model, licence }));
  const row = L.DomUtil.create("div", "row", box);
  const button = line(row, "button", phrase("published.copy"));
  const said = line(row, "span", "");
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    said.textContent = await copied(location.href);
    setTimeout(() => said.replaceChildren(), SAID);
  });
  L.DomEvent.disableClickPropagation(box);
  L.DomEvent.disableScrollPropagation(box);
  addControl(map, "topleft", box);
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return phrase("published.copied");
  } catch {
    return phrase("published.copy-yourself"); // forbidden, or not there: the page came without https
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {HTMLElement} box @param {Tag} tag @param {string} text @param {string} name its class
 */
function line(box, tag, text, name = "") {
  const made = L.DomUtil.create(tag, name, box);
  made.textContent = text;
  return made;
}
