// @ts-check
// A picture that is to be put on the map: it lies over the land, to be dragged, scaled by its corners, and added. A
// file that browsers cannot draw is a frame, and what has a place of its own stays there.
import { corners, held, middle, moved, pulled, scaled, widths } from "../lib/frames.js";
import { phrase } from "../lib/phrases.js";
import { size } from "../lib/words.js";
import { OwnBar } from "./ownbar.js";
import { latLngs, overlay } from "./plane.js";

const OPACITY = 0.7;
const STEP = 10; // px that an arrow key moves it; with shift, one
const GROW = 1.1; // by a key
/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const SIZES = /** @type {Record<string, number>} */ ({ "+": GROW, "=": GROW, "-": 1 / GROW });
const CLEAR = L.latLng(0, 0); // where markers are before they are put

/** @typedef {{number: number, file: File, pixels: [number, number] | null, bounds: Box, drawn: boolean, busy: boolean, wrong: string, focus: boolean}} Own
 * number: of the file, by which it is known again; pixels: null where it cannot be moved; busy: it is being sent */

export class OwnPicture {
  /** @param {L.Map} map @param {{base: number, seen: () => Box}} at @param {(told: Told) => void} tell */
  constructor(map, { base, seen }, tell) {
    this.map = map;
    this.base = base;
    this.tell = tell;
    /** @type {Own | null} */
    this.own = null;
    /** @type {L.ImageOverlay | null} */
    this.image = null;
    this.url = "";
    this.frame = L.rectangle(latLngs([0, 0, 0, 0]), { ...overlay(map), className: "frame" });
    this.body = marker("own-body", true);
    this.corners = [0, 1, 2, 3].map((corner) => this.corner(corner));
    this.bar = new OwnBar(map, {
      add: () => this.tell({ type: "own-add" }),
      away: () => this.tell({ type: "own-away" }),
      bring: () => this.put(middle(seen())),
      fade: (opacity) => this.image?.setOpacity(opacity),
    });
    this.body.on("drag", () => {
      const { lng, lat } = this.body.getLatLng();
      this.put([lng, lat]);
    });
    map.on("zoomend viewreset resize moveend", () => this.own && this.spread(this.own));
    map.getContainer().addEventListener("keydown", (event) => this.key(event), true);
  }

  /** A handle at a corner. @param {number} corner */
  corner(corner) {
    const handle = marker(`own-corner-${corner % 2}`, false);
    handle.on("drag", () => {
      const { lng, lat } = handle.getLatLng();
      const { own } = this;
      if (own?.pixels) this.lie(pulled(own.bounds, corner, [lng, lat], widths(own.pixels, this.base)));
    });
    return handle;
  }

  /** @param {Own | null} asked null: no more */
  show(asked) {
    const before = this.own;
    this.own = asked;
    if (!asked || before?.number !== asked.number) this.drop();
    if (!asked) return before && this.bar.show(null, "");
    if (!before) this.map.closePopup(); // its bar lies there
    const layers = [this.frame, this.body, ...(asked.pixels ? this.corners : [])];
    for (const layer of layers) layer.addTo(this.map);
    if (!this.image && asked.drawn) this.draw(asked);
    this.body.dragging?.[asked.pixels ? "enable" : "disable"]();
    this.frame.getElement()?.classList.toggle("footprint", !asked.drawn);
    this.spread(asked);
    if (asked.focus) this.body.getElement()?.focus({ preventScroll: true });
  }

  /** @param {Own} own */
  draw({ file, bounds }) {
    this.url = URL.createObjectURL(file);
    const options = { pane: "preview", className: "own-image", opacity: OPACITY, alt: "" };
    this.image = L.imageOverlay(this.url, latLngs(bounds), options).addTo(this.map);
    this.bar.fades(OPACITY);
  }

  drop() {
    const focused = this.body.getElement() === document.activeElement;
    for (const layer of [this.image, this.frame, this.body, ...this.corners]) layer?.remove();
    if (this.url) URL.revokeObjectURL(this.url);
    Object.assign(this, { image: null, url: "" });
    if (focused) this.map.getContainer().focus({ preventScroll: true });
  }

  /** Its middle goes elsewhere. @param {[number, number]} place */
  put([x, y]) {
    if (!this.own) return;
    const [fromX, fromY] = middle(this.own.bounds);
    this.lie(moved(this.own.bounds, x - fromX, y - fromY));
  }

  /** It lies elsewhere now. @param {Box} bounds */
  lie(bounds) {
    if (!this.own?.pixels || this.own.busy) return this.own && this.spread(this.own);
    this.own = { ...this.own, bounds };
    this.spread(this.own);
    this.tell({ type: "own", bounds });
  }

  /** Everything that shows it, where it lies. @param {Own} own */
  spread(own) {
    const { bounds } = own;
    const box = latLngs(bounds);
    this.image?.setBounds(box);
    this.frame.setBounds(box);
    this.body.setLatLng(box.getCenter());
    for (const [index, [x, y]] of corners(bounds).entries()) this.corners[index].setLatLng([y, x]);
    const sides = this.map
      .latLngToLayerPoint(box.getNorthWest())
      .subtract(this.map.latLngToLayerPoint(box.getSouthEast()));
    const [wide, high] = [Math.abs(sides.x), Math.abs(sides.y)];
    const body = this.body.getElement();
    const measured = size(bounds[2] - bounds[0], bounds[3] - bounds[1]);
    if (body) {
      Object.assign(body.style, {
        width: `${wide}px`,
        height: `${high}px`,
        margin: `${-high / 2}px 0 0 ${-wide / 2}px`,
      });
      body.setAttribute("aria-label", phrase(own.pixels ? "own.moves" : "own.stays", { size: measured }));
    }
    this.bar.show(own, measured);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { own } = this;
    if (!own || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    const grow = SIZES[event.key];
    const here = event.target === this.body.getElement();
    if (event.key === "Escape") this.tell({ type: "own-away" });
    else if (!here) return;
    else if (event.key === "Enter") this.tell({ type: "own-add" });
    else if (way) this.nudge(own, way, event.shiftKey ? 1 : STEP);
    else if (grow && own.pixels)
      this.lie(scaled(own.bounds, held(own.bounds, grow, widths(own.pixels, this.base))));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {Own} own @param {[number, number]} way right and up @param {number} pixels */
  nudge({ bounds }, [right, up], pixels) {
    const { lng: west } = this.map.containerPointToLatLng([0, 0]);
    const { lng: east } = this.map.containerPointToLatLng([pixels, 0]);
    this.lie(moved(bounds, right * (east - west), up * (east - west)));
  }
}

/** @param {string} name @param {boolean} keyboard */
function marker(name, keyboard) {
  const icon = L.divIcon({ className: name, iconSize: undefined });
  const zIndexOffset = keyboard ? 0 : 1000; // handles lie over the picture
  return L.marker(CLEAR, { icon, keyboard, draggable: true, autoPanOnFocus: false, zIndexOffset });
}
