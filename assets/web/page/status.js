// @ts-check
// The line that says what the app is doing.
import { number } from "../lib/words.js";
import { on } from "./bus.js";
import { get, make } from "./dom.js";

/** @param {number | null} seconds */
function speed(seconds) {
  if (!seconds) return "";
  return `${seconds < 10 ? seconds.toFixed(2) : Math.round(seconds)} s`;
}

let waited = false;

on("status", ({ status }) => {
  // Said aloud when it turns, not with each tile.
  if (status.waiting > 0 !== waited && get("announced")) {
    waited = status.waiting > 0;
    get("announced").textContent = waited ? "Painting what you see." : "What you see is painted.";
  }
  const line = get("status");
  if (!line) return;
  const parts = [
    [number(status.painted), "tiles painted"],
    [
      status.waiting ? number(status.waiting) : "",
      status.level === null ? "waiting" : `waiting, zoom ${status.level} is painted now`,
    ],
    [speed(status.seconds_per_tile), "per tile"],
    [status.model, `on ${status.device}`],
  ];
  line.replaceChildren(
    ...parts
      .filter(([figure]) => figure)
      .map(([figure, words]) => {
        const part = make("span");
        part.append(make("b", figure), ` ${words}`);
        return part;
      }),
  );
  line.classList.toggle("busy", status.waiting > 0);
});
