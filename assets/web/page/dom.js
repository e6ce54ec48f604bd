// @ts-check
// Elements, text and sliders.

/** An element that must be there. @param {string} id */
export const get = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** An input, select or text area. @param {string} id */
export const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

/** @param {string} id */
export const button = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));

/**
 * An element with text, never HTML.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {string} words @param {Record<string, string>} attributes
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, words = "", attributes = {}) {
  const element = document.createElement(name);
  element.textContent = words;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** @param {Element | null} element @param {string} words @param {boolean} wrong */
export function say(element, words, wrong = false) {
  if (!element) return;
  element.textContent = words;
  element.classList.toggle("wrong", wrong);
}

const SETTLED = 1000; // ms in which what is around an element takes its place

/** Bring an element of the panel into sight, and again if the room for it changes at once. @param {HTMLElement} element */
export function bringInSight(element) {
  const look = () => element.scrollIntoView({ block: "nearest" });
  const room = new ResizeObserver(look); // looks at once, too
  room.observe(element.closest("[id^=place-]") ?? element);
  setTimeout(() => room.disconnect(), SETTLED);
}

/** A slider and, beside it, what its value means. @param {HTMLInputElement} slider @param {(value: number) => string} words */
export function speak(slider, words) {
  const output = /** @type {HTMLOutputElement} */ (slider.closest("label")?.querySelector("output"));
  const tell = () => {
    output.textContent = words(Number(slider.value));
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  slider.addEventListener("input", tell);
  tell();
}

/** Ctrl-Enter anywhere in a form presses its button. @param {HTMLElement} form @param {HTMLButtonElement} press */
export function send(form, press) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || press.disabled) return;
    event.preventDefault();
    press.click();
  });
}
