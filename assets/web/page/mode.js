// @ts-check
// What clicks on the map are for, by what the panel shows.
import { on, tellMap } from "./bus.js";

/** @type {Record<string, string>} */
const MODES = { "view-edit": "tiles", "view-picture": "tiles", "view-export": "area" };

on("place", ({ shown }) => tellMap({ type: "mode", mode: MODES[shown[1]] ?? "look" }));
