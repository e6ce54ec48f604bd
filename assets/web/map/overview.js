// @ts-check
// A small map of the land around, with the view's rectangle. It shows what is painted; nothing is painted
// for it. A click leads there.
import { wanted } from "../lib/plane.js";
import { addControl } from "./buttons.js";
import { Land } from "./land.js";
import { still } from "./plane.js";

const APART = 4; // zooms between the map and its overview
const MOST = 12; // tiles
const LEAST = 7; // px of the rectangle's sides

export class Overview {
  /** @param {L.Map} map @param {MapOptions} options */
  constructor(map, options) {
    this.map = map;
    this.options = options;
    this.box = L.DomUtil.create("div", "overview");
    this.box.setAttribute("aria-hidden", "true"); // it says nothing that the place does not
    addControl(map, "topright", this.box);
    L.DomEvent.disableClickPropagation(this.box);
    const fixed = { dragging: false, scrollWheelZoom: false, doubleClickZoom: false, keyboard: false };
    const bare = {
      zoomControl: false,
      attributionControl: false,
      zoomAnimation: false,
      fadeAnimation: false,
    };
    const crs = /** @type {any} */ (L.CRS).Plane;
    this.small = L.map(this.box, { ...fixed, ...bare, touchZoom: false, boxZoom: false, crs });
    this.follow();
    const { world, stamp, base } = options;
    this.land = new Land({ world, stamp, path: "tiles", minZoom: 0, maxZoom: Math.max(0, base - 1) });
    this.land.addTo(this.small);
    this.where = L.DomUtil.create("div", "where", this.box);
    this.follow();
    this.small.on("click", ({ latlng }) => map.setView(latlng, map.getZoom(), { animate: !still() }));
    map.on("move zoomend resize", () => this.follow());
  }

  follow() {
    const zoom = Math.max(0, Math.min(this.map.getZoom() - APART, this.options.base - 1));
    this.small.setView(this.map.getCenter(), zoom, { animate: false });
    if (!this.where) return;
    const share = 2 ** (zoom - this.map.getZoom());
    const { x, y } = this.map.getSize();
    for (const [side, pixels] of /** @type {[("width" | "height"), number][]} */ ([
      ["width", x],
      ["height", y],
    ])) {
      this.where.style[side] = `${Math.max(LEAST, pixels * share)}px`;
    }
  }

  /** The tiles that it shows. @returns {Tile[]} */
  wants() {
    const { min, max } = this.small.getPixelBounds();
    if (!min || !max || !this.box.offsetParent) return [];
    const view = { left: min.x, top: min.y, right: max.x, bottom: max.y };
    return wanted(view, this.small.getZoom(), 0, MOST);
  }
}
