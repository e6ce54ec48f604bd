// @ts-check
// The line that says what the app is doing.
import { painters } from "../lib/crew.js";
import { phrase } from "../lib/phrases.js";
import { figure, number } from "../lib/words.js";
import { on } from "./bus.js";
import { get, make } from "./dom.js";

/** @param {number | null} seconds */
function speed(seconds) {
  if (!seconds) return "";
  return phrase("time.s", { n: seconds < 10 ? figure(seconds, 2) : Math.round(seconds) });
}

let waited = false;

on("status", ({ status }) => {
  // Said aloud when it turns, not with each tile.
  if (status.waiting > 0 !== waited && get("announced")) {
    waited = status.waiting > 0;
    get("announced").textContent = phrase(waited ? "status.painting" : "status.painted");
  }
  const line = get("status");
  if (!line) return;
  const parts = [
    [number(status.painted), phrase("status.tiles", { count: status.painted })],
    [
      status.waiting ? number(status.waiting) : "",
      phrase(status.level === null ? "status.waiting" : "status.waiting-level", { zoom: status.level ?? "" }),
    ],
    [speed(status.seconds_per_tile), phrase("status.per-tile")],
    ...painters(status.painters),
    [status.model, phrase("status.on", { device: status.device })],
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
