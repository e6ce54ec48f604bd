// @ts-check
// Tiles of edits: those that wait pulse, those that are painted are steady, until the edit is over.
import { overlay } from "./plane.js";

export class Marks {
  /** @param {L.Map} map @param {import("../lib/plane.js").Grid} grid */
  constructor(map, grid) {
    this.grid = grid;
    /** @type {Map<string, {state: string, tile: Cell}>} */
    this.states = new Map();
    this.drawn = true;
    const style = { ...overlay(map), stroke: false };
    this.shapes = ["editing", "edited"].map((state) => ({
      state,
      shape: L.polygon([], { ...style, className: state }).addTo(map),
    }));
  }

  /** What the feed says of one tile. @param {string} state @param {Tile} tile */
  hear(state, [, x, y]) {
    if (state === "settled") this.states.delete(`${x},${y}`);
    else this.states.set(`${x},${y}`, { state, tile: [x, y] });
    this.later();
  }

  /** All tiles of edits in progress: what is not among them is over. @param {Tile[]} tiles */
  reset(tiles) {
    const before = this.states;
    this.states = new Map();
    for (const [, x, y] of tiles) {
      const key = `${x},${y}`;
      this.states.set(key, before.get(key) ?? { state: "editing", tile: [x, y] });
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
      shape.setLatLngs(this.grid.areas(tiles).map((ring) => [ring]));
    }
  }
}
