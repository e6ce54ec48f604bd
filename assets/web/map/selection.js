// @ts-check
// Choosing tiles: a click takes one, ctrl or shift and a click adds or removes one, shift and a drag
// takes all that a rectangle touches, or for an export exactly the rectangle. On touch screens a button
// makes taps and drags do so. With the keyboard, Enter takes the tile in the middle of the map, and with
// shift adds or removes it. While the panel shows nothing that tiles are for, a click only tells what is there.
import { phrase } from "../lib/phrases.js";
import { TileSet } from "../lib/tileset.js";
import { addControl, edgeButton, hold, pressed } from "./buttons.js";
import { metres, overlay } from "./plane.js";

const LEAST_PIXELS = 8; // of a tile's side, below which a click could not be meant for it
const STILL = 4; // px that a pointer may move in a click
const TWICE = 250; // ms in which a second click makes a double click, which zooms

/** @typedef {{x: number, y: number, place: L.LatLng, more: boolean}} Start */

export class Selection {
  /**
   * @param {L.Map} map @param {import("../lib/plane.js").Grid} grid @param {(told: Told) => void} tell
   * @param {(place: L.LatLng) => void} look tells what is at a place
   */
  constructor(map, grid, tell, look) {
    this.map = map;
    this.look = look;
    this.mode = "look"; // or "tiles", or "area": what a click and a rectangle are for
    this.grid = grid;
    this.tell = tell;
    this.chosen = new TileSet(grid);
    this.on = false; // taps toggle tiles and drags draw
    this.held = false; // the brush has the pointer
    this.deaf = false; // to the click that ends a drag
    this.drawn = false;
    /** @type {Start | null} */
    this.start = null;
    /** @type {L.Rectangle | null} */
    this.region = null; // being drawn, or chosen for an export
    /** @type {{act: () => void, timer: ReturnType<typeof setTimeout>} | null} */
    this.waiting = null; // a click that may be the first of two
    /** @type {() => void} */
    this.replaced = () => {}; // tiles or a rectangle are chosen instead of what is finer
    const style = overlay(map);
    this.fill = L.polygon([], { ...style, stroke: false, className: "selected-land" }).addTo(map);
    this.edge = L.polyline([], { ...style, lineCap: "square", className: "selected-edge" }).addTo(map);
    this.line = L.polyline([], { ...style, lineCap: "square", className: "selected" }).addTo(map);
    const { bar, button } = edgeButton("select", phrase("map.select"), () => this.arm(!this.on));
    this.toggle = button;
    addControl(map, "bottomright", bar);
    this.listen();
  }

  listen() {
    const box = this.map.getContainer();
    this.map.boxZoom.disable();
    this.map.on("click", ({ latlng, originalEvent }) => this.clicked(latlng, originalEvent));
    this.map.on("dblclick", () => this.forget());
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === box) this.click(this.map.getCenter(), event);
    });
    box.addEventListener("pointerdown", (event) => this.press(event), true);
    window.addEventListener("pointermove", (event) => this.start && this.drag(this.start, event));
    window.addEventListener("pointerup", () => this.release());
    window.addEventListener("pointercancel", () => this.release());
  }

  /** What clicks are for. A rectangle that was for an export becomes tiles where tiles are chosen.
   * @param {string} mode */
  turn(mode) {
    this.mode = mode;
    if (mode !== "tiles" || !this.region) return;
    const box = metres(this.region.getBounds());
    this.drop();
    this.chosen.take(this.grid.touched(box), false);
    this.show();
  }

  /** @param {boolean} on */
  arm(on) {
    if (on) this.tell({ type: "selecting" });
    this.on = on;
    pressed(this.toggle, on);
    hold(this.map, on);
    this.map.getContainer().classList.toggle("drawing", on);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (
      /** @type {Element} */ (event.target).closest(".leaflet-control, .leaflet-marker-icon, .own-bar") ||
      event.button
    )
      return;
    if (this.start) return this.abandon(); // a second finger: this is a pinch
    if (this.held || !(event.shiftKey || this.on)) return;
    this.map.dragging.disable();
    this.start = {
      x: event.clientX,
      y: event.clientY,
      place: this.map.mouseEventToLatLng(event),
      more: event.ctrlKey || event.metaKey,
    };
  }

  /** @param {Start} start @param {PointerEvent} event */
  drag(start, event) {
    const far = Math.hypot(event.clientX - start.x, event.clientY - start.y);
    if (!this.drawn && far < STILL) return;
    this.drawn = true;
    this.frame(L.latLngBounds([start.place, this.map.mouseEventToLatLng(event)]));
  }

  /** The rectangle that is being drawn. @param {L.LatLngBounds} bounds */
  frame(bounds) {
    if (this.region) this.region.setBounds(bounds);
    else this.region = L.rectangle(bounds, { ...overlay(this.map), className: "region" }).addTo(this.map);
  }

  release() {
    if (!this.start) return;
    const { more } = this.start;
    const region = this.drawn && this.region;
    this.abandon();
    if (!region) return;
    this.deaf = true;
    setTimeout(() => {
      this.deaf = false;
    }, 50);
    this.take(region.getBounds(), more);
  }

  /** The rectangle is drawn: it is what is chosen, or the tiles that it touches are. One frame shows
   * it. @param {L.LatLngBounds} bounds @param {boolean} more beside what was chosen before */
  take(bounds, more) {
    if (this.mode === "area") {
      this.chosen.clear();
      this.frame(bounds);
    } else {
      this.drop();
      this.chosen.take(this.grid.touched(metres(bounds)), more);
    }
    this.show();
  }

  abandon() {
    this.start = null;
    this.drawn = false;
    if (!this.on) this.map.dragging.enable();
  }

  /** A click of the mouse may be the first of two. @param {L.LatLng} place @param {MouseEvent} event */
  clicked(place, event) {
    if (this.waiting && event.detail < 2) this.waiting.act(); // another one, elsewhere
    this.forget();
    if (event.detail > 1 && !this.on) return;
    if (this.on || event.shiftKey || event.ctrlKey || event.metaKey) return this.click(place, event);
    if (this.deaf || this.held) return;
    const act = () => (this.mode === "look" ? this.look(place) : this.click(place, event));
    const timer = setTimeout(() => {
      this.waiting = null;
      act();
    }, TWICE);
    this.waiting = { act, timer };
  }

  /** The click before was the first of two. */
  forget() {
    if (this.waiting) clearTimeout(this.waiting.timer);
    this.waiting = null;
  }

  /** @param {L.LatLng} place @param {MouseEvent | KeyboardEvent} keys */
  click({ lng, lat }, { shiftKey, ctrlKey, metaKey }) {
    if (this.deaf || this.held) return;
    if (256 * 2 ** (this.map.getZoom() - this.grid.zoom) < LEAST_PIXELS) {
      return this.tell({ type: "hint", text: phrase("map.too-small") });
    }
    const tile = this.grid.at(lng, lat);
    this.drop();
    if (shiftKey || ctrlKey || metaKey || this.on) this.chosen.toggle(tile);
    else this.chosen.choose(tile);
    this.show();
  }

  /** This tile alone, as the page asks for it. @param {Cell} tile */
  choose(tile) {
    this.drop();
    this.chosen.choose(tile);
    this.show();
  }

  /** Something else is chosen instead. */
  forgo() {
    this.chosen.clear();
    this.drop();
    this.outline();
  }

  /** Take the rectangle away. */
  drop() {
    this.region?.remove();
    this.region = null;
  }

  clear() {
    this.arm(false);
    this.chosen.clear();
    this.drop();
    this.show();
  }

  show() {
    this.replaced();
    this.outline();
    const exact = this.region && metres(this.region.getBounds());
    const told = this.chosen.told();
    this.tell({ type: "selection", ...told, bounds: exact ?? told.bounds, exact: Boolean(exact) });
  }

  outline() {
    const { block, tiles } = this.chosen;
    const ring = block && this.grid.ring(block);
    this.fill.setLatLngs(ring ? [[ring]] : this.grid.areas(tiles.values()).map((area) => [area]));
    const lines = ring ? [[...ring, ring[0]]] : this.grid.outline(tiles.values());
    for (const line of [this.edge, this.line]) line.setLatLngs(lines);
  }
}
