// @ts-check
// What paints the world on the map: its model, licence, and how it is used.
import { aboutModel } from "../lib/painted.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { get, make } from "./dom.js";
import { part } from "./parts.js";

let world = "";

async function show() {
  const asked = world;
  if (!asked || !get("about-list")) return;
  const { ok, said } = await ask(`/worlds/${asked}`);
  if (!ok || asked !== world) return;
  const rows = aboutModel(said.painted_by, said.seed).flatMap(([name, words]) => [
    make("dt", name),
    make("dd", words),
  ]);
  get("about-list").replaceChildren(...rows);
}

part("about", (box) => box.addEventListener("toggle", show));
on("ready", (told) => {
  world = told.world;
  show();
});
