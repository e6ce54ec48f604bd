// @ts-check
// What is not painted: paper with a quiet grid, and the way to land that is.
import { phrase } from "../lib/phrases.js";
import { addControl } from "./buttons.js";

/** Paper lies under everything, so it also shows through where an overview is painted in part. */
export class Paper extends L.GridLayer {
  createTile() {
    return L.DomUtil.create("div", "paper");
  }
}

/** Says that land is not painted from this far away, and leads to what is. */
export class ToLand {
  /** @param {L.Map} map @param {number} base the zoom where land is painted first @param {() => void} go */
  constructor(map, base, go) {
    this.map = map;
    this.base = base;
    /** @type {Set<string>} */
    this.whole = new Set(); // tiles of the view that nothing is missing in
    this.box = L.DomUtil.create("div", "to-land");
    this.words = L.DomUtil.create("span", "", this.box);
    this.button = L.DomUtil.create("button", "", this.box);
    Object.assign(this.button, { type: "button", textContent: phrase("map.to-land") });
    L.DomEvent.disableClickPropagation(this.box);
    L.DomEvent.on(this.button, "click", go);
    this.box.hidden = true;
    addControl(map, "topright", this.box);
  }

  /** All that is known of a view. @param {[number, number, number, number, boolean][]} rows */
  reset(rows) {
    this.whole = new Set(rows.filter((row) => row[4]).map(([z, x, y]) => `${z}/${x}/${y}`));
    this.look();
  }

  /** @param {Tile} tile @param {boolean} whole */
  hear(tile, whole) {
    if (!whole) return;
    this.whole.add(tile.join("/"));
    this.look();
  }

  /** Land is painted from the base zoom on: what is unpainted farther out stays so until somebody goes there. */
  look() {
    const zoom = this.map.getZoom();
    this.box.hidden = zoom >= this.base || this.tiles(zoom).every((key) => this.whole.has(key));
    this.words.textContent = phrase("map.from-zoom", { zoom: this.base });
  }

  /** @param {number} zoom */
  tiles(zoom) {
    const { min, max } = this.map.getPixelBounds();
    const [{ x: left, y: top }, { x: right, y: bottom }] = [
      /** @type {L.Point} */ (min).divideBy(256).floor(),
      /** @type {L.Point} */ (max).divideBy(256).ceil(),
    ];
    const keys = [];
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) keys.push(`${zoom}/${x}/${y}`);
    return keys;
  }
}
