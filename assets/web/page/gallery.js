// @ts-check
// Ready worlds, shown as pictures. A click makes one and opens it.
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { get, make, say } from "./dom.js";
import { reveal } from "./places.js";
import { open } from "./world.js";

/** @typedef {{id: string, name: string, about: string, thumbnail: string}} Ready */

let asked = false;

async function list() {
  if (asked || !get("gallery-list")) return;
  asked = true;
  const { ok, said } = await ask("/gallery");
  asked = ok;
  if (!ok) return say(get("gallery-said"), said.error.message, true);
  say(get("gallery-said"), "");
  get("gallery-list").replaceChildren(...said.map(row));
}

/** @param {Ready} ready */
function row(ready) {
  const line = make("li");
  const press = make("button", "", {
    type: "button",
    class: "ready",
    title: phrase(`gallery.${ready.id}.about`),
  });
  press.append(
    make("img", "", { src: rooted(ready.thumbnail), alt: "", loading: "lazy", width: "96", height: "72" }),
    make("span", phrase(`gallery.${ready.id}.name`)),
  );
  press.addEventListener("click", async () => {
    press.disabled = true;
    const { ok, said } = await ask(`/gallery/${ready.id}`, "POST");
    press.disabled = false;
    if (!ok) return say(get("gallery-said"), said.error.message, true);
    reveal("view-world");
    open(said.id);
  });
  line.append(press);
  return line;
}

on("place", ({ shown }) => shown[1] === "view-gallery" && list());
