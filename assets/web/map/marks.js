// @ts-check
// Tiles of edits: those that wait pulse, those that are painted are steady, until the edit is over.
import { Grid } from "../lib/plane.js";
import { overlay } from "./plane.js";

export class Marks {
  /** @param {L.Map} map */
  constructor(map) {
    /** @type {Map<string, {state: string, tile: Tile}>} */
    this.states = new Map();
    this.drawn = true;
    const style = { ...overlay(map), stroke: false };
    this.shapes = ["editing", "edited"].map((state) => ({
      state,
      shape: L.polygon([], { ...style, className: state }).addTo(map),
    }));
  }

  /** What the feed says of one tile. @param {string} state @param {Tile} tile */
  hear(state, tile) {
    if (state === "settled") this.states.delete(tile.join());
    else this.states.set(tile.join(), { state, tile });
    this.later();
  }

  /** All tiles of edits in progress: what is not among them is over. @param {Tile[]} tiles */
  reset(tiles) {
    const before = this.states;
    this.states = new Map();
    for (const tile of tiles) {
      const key = tile.join();
      this.states.set(key, before.get(key) ?? { state: "editing", tile });
    }
    this.later();
  }

  /** News come in bursts: they are drawn together. */
  later() {
    if (!this.drawn) return;
    this.drawn = false;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.drawn = true;
    for (const { state, shape } of this.shapes) {
      const tiles = [...this.states.values()].filter((each) => each.state === state).map((each) => each.tile);
      const zooms = [...new Set(tiles.map(([zoom]) => zoom))];
      const areas = zooms.flatMap((zoom) => new Grid(zoom).areas(cells(tiles, zoom)));
      shape.setLatLngs(areas.map((ring) => [ring]));
    }
  }
}

/** Those of a zoom. @param {Tile[]} tiles @param {number} zoom @returns {Cell[]} */
const cells = (tiles, zoom) => tiles.filter((tile) => tile[0] === zoom).map(([, x, y]) => [x, y]);
