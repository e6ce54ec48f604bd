// @ts-check
// A region finer than a tile, to be painted anew: drawn with a lasso, a brush or as a rectangle, with a soft
// border. What is drawn is added to what was drawn before; with Alt, or the eraser, it is taken away.
import { phrase } from "../lib/phrases.js";
import { metresPerPixel } from "../lib/plane.js";
import { Sheet } from "../lib/sheet.js";
import { hold } from "./buttons.js";
import { latLngs, overlay } from "./plane.js";
import { simple, trail } from "./trail.js";

const LATENT = 8; // pixels of its side
const MOST_PLACES = 500; // of a line that is drawn

/** @typedef {{tool: string, radius: number, softness: number, erase: boolean}} RegionState tool: "lasso", "brush",
 * "rectangle", or "tiles" for none; radius and softness in latents */

export class Region {
  /** @param {L.Map} map @param {import("./selection.js").Selection} selection @param {MapOptions} options
   * @param {(told: Told) => void} tell */
  constructor(map, selection, options, tell) {
    this.map = map;
    this.selection = selection;
    this.options = options;
    this.tell = tell;
    /** @type {RegionState} */
    this.state = { tool: "tiles", radius: 4, softness: 0, erase: false };
    /** @type {Sheet | null} */
    this.sheet = null;
    /** @type {[number, number][] | null} */
    this.path = null; // that is being drawn
    this.less = false; // it is taken away
    map.createPane("region").style.zIndex = "395";
    const style = { ...overlay(map), renderer: L.svg({ pane: "region", padding: 0.5 }), pane: "region" };
    this.ring = L.polygon([], { ...style, className: "region-ring" }).addTo(map);
    this.band = L.polyline([], { ...style, lineCap: "round", lineJoin: "round", className: "region-band" });
    this.band.addTo(map);
    this.edges = ["finer-edge", "finer"].map((className) =>
      L.polyline([], { ...overlay(map), lineCap: "square", className }).addTo(map),
    );
    /** @type {L.ImageOverlay | null} */
    this.land = null;
    selection.replaced = () => this.clear(false);
    map.on("zoomend", () => this.scale());
    trail(map, this);
  }

  ready() {
    return this.state.tool !== "tiles";
  }

  drawing() {
    return this.path !== null;
  }

  /** The zoom whose latents are chosen: that of the view, as far as the world has it. */
  get zoom() {
    const { base, deepest } = this.options;
    return this.sheet?.zoom ?? Math.min(Math.max(this.map.getZoom(), base), deepest);
  }

  /** Metres of a latent. */
  get latent() {
    return metresPerPixel(this.zoom) * LATENT;
  }

  /** What the page says of it. @param {RegionState} state */
  take(state) {
    const turned = this.ready();
    this.state = state;
    this.hover(null);
    this.scale();
    if (this.ready() === turned) return;
    this.selection.held = this.ready();
    if (this.ready()) this.selection.arm(false);
    hold(this.map, this.ready() || this.selection.on);
    this.map.getContainer().classList.toggle("brushing", this.ready());
    if (!this.ready()) this.abandon();
  }

  /** @param {[number, number]} place @param {PointerEvent} [event] */
  begin(place, event) {
    this.less = this.state.erase || Boolean(event?.altKey);
    this.path = [place];
    this.draw();
  }

  /** @param {[number, number]} place */
  extend(place) {
    this.path?.push(place);
    this.draw();
  }

  /** The brush under the mouse. @param {[number, number] | null} place */
  hover(place) {
    if (this.path || this.state.tool !== "brush") return;
    this.band.setLatLngs(place ? dot(place) : []);
  }

  /** The corners of what is drawn. @returns {[number, number][]} */
  corners() {
    const path = this.path ?? [];
    if (this.state.tool !== "rectangle" || !path.length) return path;
    const [[x1, y1], [x2, y2]] = [path[0], path[path.length - 1]];
    return [
      [x1, y1],
      [x2, y1],
      [x2, y2],
      [x1, y2],
    ];
  }

  draw() {
    if (!this.path) return;
    const places = this.state.tool === "brush" ? this.path : this.corners();
    const drawn = places.map(([x, y]) => /** @type {[number, number]} */ ([y, x]));
    if (this.state.tool !== "brush") this.ring.setLatLngs(drawn);
    else this.band.setLatLngs(drawn.length > 1 ? drawn : dot(this.path[0]));
    for (const line of [this.ring, this.band]) line.getElement()?.classList.toggle("less", this.less);
  }

  /** What is drawn is whole: it counts. */
  release() {
    if (!this.path) return;
    const { tool, radius } = this.state;
    const drawn = this.corners();
    const places = tool === "rectangle" ? drawn : simple(this.map, drawn, MOST_PLACES);
    const sheet = this.sheet ?? new Sheet(this.zoom);
    const fits =
      tool === "brush"
        ? sheet.sweep(places, radius * this.latent, !this.less)
        : sheet.fill(places, !this.less);
    this.abandon();
    if (!fits) return this.tell({ type: "hint", text: phrase("region.too-large") });
    this.sheet = sheet.span ? sheet : null;
    this.selection.forgo();
    this.show();
  }

  abandon() {
    this.path = null;
    this.ring.setLatLngs([]);
    this.band.setLatLngs([]);
  }

  /** @param {boolean} telling */
  clear(telling) {
    this.abandon();
    if (!this.sheet) return;
    this.sheet = null;
    this.show(telling);
  }

  show(telling = true) {
    const lines = this.sheet?.outline() ?? [];
    for (const edge of this.edges) edge.setLatLngs(lines);
    this.land?.remove();
    this.land = null;
    const mask = this.sheet?.mask() ?? null;
    const bounds = this.sheet?.bounds() ?? null;
    if (mask && bounds) {
      const options = { pane: "region", className: "region-land", alt: "", interactive: false };
      this.land = L.imageOverlay(picture(mask), latLngs(bounds), options).addTo(this.map);
      this.scale();
    }
    if (!telling) return;
    this.tell({
      type: "selection",
      count: mask?.tiles.length ?? 0,
      tiles: [],
      bounds,
      exact: false,
      mask,
    });
  }

  /** What is as wide on the ground at each zoom. */
  scale() {
    const pixels = this.latent / metresPerPixel(this.map.getZoom());
    this.band.setStyle({ weight: 2 * this.state.radius * pixels });
    const element = this.land?.getElement();
    if (element) element.style.filter = `blur(${(this.state.softness / 2) * pixels}px)`;
    this.tell({ type: "latent", metres: this.latent, zoom: this.zoom });
  }
}

/** @param {[number, number]} place @returns {[number, number][]} */
const dot = ([x, y]) => [
  [y, x],
  [y, x],
];

/** A mask as a picture: white where it holds. @param {import("../lib/sheet.js").Mask} mask */
function picture({ width, height, weights }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  for (const [index, weight] of weights.entries()) {
    image.data.fill(255, 4 * index, 4 * index + 3);
    image.data[4 * index + 3] = weight;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
