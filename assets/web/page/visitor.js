// @ts-check
// The line that tells a visitor of a public map what is theirs, and what is left of it today.
import { told } from "../lib/visitor.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { get, say } from "./dom.js";

let world = "";
let limit = ""; // why nothing is painted, as the map was told last
let free = false; // nothing limits whoever is here

async function look() {
  if (free) return;
  const { ok, said } = await ask("/whoami");
  if (!ok) return;
  free = said.role === "edit";
  say(get("visitor"), told(said, world));
}

on("ready", (told) => {
  world = told.world;
  look();
});
on("status", ({ status }) => {
  if (status.limit === limit) return;
  limit = status.limit;
  look();
});
on("place exported steps", look);
