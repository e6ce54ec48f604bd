// @ts-check
// Tools at the map's edge: measuring, the grid of tiles, what is not painted, full screen. Each has a key.
import { phrase } from "../lib/phrases.js";
import { addControl, edgeButton, pressed } from "./buttons.js";
import { Measure } from "./measure.js";

/** Names of tiles in a grid. */
class TileNames extends L.GridLayer {
  /** @param {L.Coords} coords */
  createTile({ z, x, y }) {
    const tile = L.DomUtil.create("div", "tile-name");
    tile.textContent = `${z}/${x}/${y}`;
    return tile;
  }
}

export class Tools {
  /** @param {L.Map} map @param {import("./selection.js").Selection} selection @param {number} highest zoom */
  constructor(map, selection, highest) {
    this.map = map;
    this.measure = new Measure(map, selection);
    this.grid = new TileNames({ tileSize: 256, maxZoom: highest, zIndex: 5, pane: "overlayPane" });
    const bar = L.DomUtil.create("div", "leaflet-bar tools");
    /** @type {Record<string, () => void>} */
    const acts = { m: () => this.measuring(), g: () => this.names(), p: () => this.unpainted(), f: full };
    /** @type {[string, string, string][]} */
    const buttons = [
      ["m", "measure", phrase("map.measure")],
      ["g", "grid", phrase("map.grid")],
      ["p", "painted", phrase("map.painted")],
      ["f", "full", phrase("map.full")],
    ];
    /** @type {Record<string, HTMLElement>} */
    this.buttons = {};
    for (const [key, name, title] of buttons) {
      this.buttons[key] = edgeButton(name, title, acts[key], bar).button;
    }
    this.acts = acts;
    addControl(map, "topright", bar);
  }

  /** @param {string} key */
  press(key) {
    this.acts[key]?.();
  }

  measuring() {
    this.measure.turn(!this.measure.on);
    pressed(this.buttons.m, this.measure.on);
  }

  /** Escape ends measuring. @returns {boolean} whether there was any */
  stop() {
    const { on } = this.measure;
    if (on) this.measuring();
    return on;
  }

  names() {
    const on = !this.map.hasLayer(this.grid);
    if (on) this.grid.addTo(this.map);
    else this.grid.remove();
    pressed(this.buttons.g, on);
  }

  unpainted() {
    pressed(this.buttons.p, this.map.getContainer().classList.toggle("marks-unpainted"));
  }
}

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}
