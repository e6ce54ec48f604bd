// @ts-check
// Before and after of a step, on the map: a slider wipes between them, and Blink turns them.
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { tellMap } from "./bus.js";
import { make, say, speak } from "./dom.js";

const BLINK = 700; // ms

/** @type {{number: number, end: () => void} | null} */
let open = null;

/** Compare a step, or end it if it is compared already.
 * @param {string} world @param {Step} step @param {HTMLElement} after the form goes there */
export function compare(world, step, after) {
  const again = open?.number === step.number;
  endCompare();
  if (again || !step.pictured || !step.bounds) return;
  const { pictured: bounds, bounds: inside } = step;
  // What the map shows is the one, the picture over it the other.
  const [side, shown] = step.state === "undone" ? ["after", "before"] : ["before", "after"];
  const url = rooted(
    `/worlds/${world}/edits/${step.number}/${side}.webp?made=${encodeURIComponent(step.made)}`,
  );
  const box = make("div", "", { class: "compare" });
  const label = make("label");
  const words = make("span", phrase(`compare.${side}`));
  words.append(" ", make("output"));
  const slider = make("input", "", { type: "range", min: "0", max: "100", value: "50" });
  label.append(words, slider);
  const blink = make("button", phrase("compare.blink"), {
    type: "button",
    class: "quiet",
    "aria-pressed": "false",
  });
  const close = make("button", phrase("close"), { type: "button", class: "quiet" });
  const said = make("small", phrase("reading"), { role: "status" });
  const other = make("img");
  other.addEventListener("load", () => said.remove());
  other.addEventListener("error", () => say(said, phrase("compare.missing"), true));
  other.src = url;
  const seen = make("span");
  box.append(label, said, blink, close, seen);
  after.after(box);
  /** @param {number} share */
  const show = (share) => tellMap({ type: "preview", picture: { url, bounds, inside }, share });
  speak(slider, (value) => `${value} %`);
  slider.addEventListener("input", () => show(Number(slider.value) / 100));
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  let on = true;
  blink.addEventListener("click", () => {
    clearInterval(timer);
    const turn = () => {
      on = !on;
      show(Number(on));
      seen.textContent = phrase(`compare.${on ? side : shown}`);
    };
    seen.textContent = "";
    timer = timer ? undefined : setInterval(turn, BLINK);
    blink.setAttribute("aria-pressed", String(Boolean(timer)));
    if (!timer) show(Number(slider.value) / 100);
  });
  close.addEventListener("click", endCompare);
  open = {
    number: step.number,
    end: () => {
      clearInterval(timer);
      box.remove();
      tellMap({ type: "preview", picture: null });
    },
  };
  tellMap({ type: "fit", bounds, seen: true });
  show(0.5);
}

export function endCompare() {
  open?.end();
  open = null;
}
