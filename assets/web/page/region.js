// @ts-check
// What the land to be painted anew is chosen with: whole tiles, or a region drawn finer than a tile.
import { phrase } from "../lib/phrases.js";
import { greyPng } from "../lib/png.js";
import { length } from "../lib/words.js";
import { emit, on, tellMap } from "./bus.js";
import { field, get, say, speak } from "./dom.js";
import { part } from "./parts.js";
import { isShown } from "./places.js";

const touch = matchMedia("(pointer: coarse)");

const state = {
  tool: "tiles",
  latent: 0, // metres of a latent, where the map is
  chosen: false, // whether anything is
};

part("edit", () => {
  for (const each of radios()) each.addEventListener("change", () => each.checked && choose(each.value));
  speak(field("region-radius"), (latents) => length(latents * state.latent));
  speak(field("region-softness"), (latents) =>
    latents ? length(latents * state.latent) : phrase("region.none"),
  );
  for (const id of ["region-radius", "region-softness", "region-erase"]) {
    field(id).addEventListener("input", tell);
  }
  show();
});

const radios = () =>
  /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('#region input[name="region"]')]);

/** Whole tiles and what is finer are not chosen together. @param {string} tool */
function choose(tool) {
  if (tool !== state.tool && [tool, state.tool].includes("tiles")) tellMap({ type: "clear" });
  turn(tool);
}

/** @param {string} tool */
function turn(tool) {
  if (tool !== "tiles") emit({ type: "region" });
  state.tool = tool;
  show();
}

function show() {
  if (!get("region")) return;
  const { tool } = state;
  const pointer = touch.matches ? "touch" : "mouse";
  for (const each of radios()) each.checked = each.value === tool;
  say(get("edit-hint"), phrase(`hint.${tool}.${pointer}`));
  get("edit-hint").hidden = state.chosen && tool === "tiles";
  get("region-options").hidden = tool === "tiles";
  get("region-wide").hidden = tool !== "brush";
  tell();
}

/** The map draws while the form is shown. */
function tell() {
  if (!get("region")) return;
  const region = {
    tool: isShown("view-edit") ? state.tool : "tiles",
    radius: Number(field("region-radius").value),
    softness: Number(field("region-softness").value),
    erase: field("region-erase").checked,
  };
  tellMap({ type: "region", region });
}

/** What is chosen, as an edit names it. @param {Chosen} chosen */
export async function region({ tiles, mask }) {
  if (!mask) return { tiles };
  return {
    mask_png: await greyPng(mask.width, mask.height, mask.weights),
    corner: mask.corner,
    zoom: mask.zoom,
    softness: Number(field("region-softness").value) * state.latent,
  };
}

on("latent", ({ metres }) => {
  if (metres === state.latent) return;
  state.latent = metres;
  for (const id of ["region-radius", "region-softness"]) {
    if (field(id)) field(id).dispatchEvent(new Event("input"));
  }
});
on("place ready", tell);
on("selection", (told) => {
  state.chosen = Boolean(told.count);
  turn(told.count && !told.mask ? "tiles" : state.tool);
});
on("selecting repaint", () => turn("tiles"));
on("escape", () => state.chosen || choose("tiles"));
