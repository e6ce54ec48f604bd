// @ts-check
// Choosing tiles: a click takes one, ctrl or shift and a click adds or removes one, shift and a drag
// takes all that a rectangle touches. On touch screens a button makes taps and drags do so. With the
// keyboard, Enter takes the tile in the middle of the map, and with shift adds or removes it.
import { TileSet } from "../lib/tileset.js";
import { addControl, edgeButton, hold, pressed } from "./buttons.js";
import { metres, overlay } from "./plane.js";

const LEAST_PIXELS = 8; // of a tile's side, below which a click could not be meant for it
const STILL = 4; // px that a pointer may move in a click
const TITLE = "Select tiles: tap them, or draw a rectangle (or hold shift and drag)";

/** @typedef {{x: number, y: number, place: L.LatLng, more: boolean}} Start */

export class Selection {
  /** @param {L.Map} map @param {import("../lib/plane.js").Grid} grid @param {(told: Told) => void} tell */
  constructor(map, grid, tell) {
    this.map = map;
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
    this.region = null;
    const style = overlay(map);
    this.fill = L.polygon([], { ...style, stroke: false, className: "selected-land" }).addTo(map);
    this.line = L.polyline([], { ...style, lineCap: "square", className: "selected" }).addTo(map);
    const { bar, button } = edgeButton("select", TITLE, () => this.arm(!this.on));
    this.toggle = button;
    addControl(map, "bottomright", bar);
    this.listen();
  }

  listen() {
    const box = this.map.getContainer();
    this.map.boxZoom.disable();
    this.map.on("click", ({ latlng, originalEvent }) => this.click(latlng, originalEvent));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === box) this.click(this.map.getCenter(), event);
    });
    box.addEventListener("pointerdown", (event) => this.press(event), true);
    window.addEventListener("pointermove", (event) => this.start && this.drag(this.start, event));
    window.addEventListener("pointerup", () => this.release());
    window.addEventListener("pointercancel", () => this.release());
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
    if (/** @type {Element} */ (event.target).closest(".leaflet-control") || event.button) return;
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
    const bounds = L.latLngBounds([start.place, this.map.mouseEventToLatLng(event)]);
    if (!this.drawn) this.drop();
    this.drawn = true;
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
    const box = metres(region.getBounds());
    this.chosen.take(this.grid.touched(box), more);
    this.tell({ type: "region", bounds: box });
    this.show();
  }

  abandon() {
    this.start = null;
    this.drawn = false;
    if (!this.on) this.map.dragging.enable();
  }

  /** @param {L.LatLng} place @param {MouseEvent | KeyboardEvent} keys */
  click({ lng, lat }, { shiftKey, ctrlKey, metaKey }) {
    if (this.deaf || this.held) return;
    if (256 * 2 ** (this.map.getZoom() - this.grid.zoom) < LEAST_PIXELS) {
      return this.tell({ type: "hint", text: "Tiles are too small to choose here: zoom in" });
    }
    const tile = this.grid.at(lng, lat);
    if (shiftKey || ctrlKey || metaKey || this.on) this.chosen.toggle(tile);
    else {
      this.chosen.choose(tile);
      this.drop();
    }
    if (!this.chosen.count) this.drop();
    this.show();
  }

  /** Take the rectangle away: an export takes the view again. */
  drop() {
    if (!this.region) return;
    this.region.remove();
    this.region = null;
    this.tell({ type: "region", bounds: null });
  }

  clear() {
    this.arm(false);
    this.chosen.clear();
    this.drop();
    this.show();
  }

  show() {
    const { block, tiles } = this.chosen;
    const ring = block && this.grid.ring(block);
    this.fill.setLatLngs(ring ? [[ring]] : this.grid.areas(tiles.values()).map((area) => [area]));
    this.line.setLatLngs(ring ? [[...ring, ring[0]]] : this.grid.outline(tiles.values()));
    this.tell({ type: "selection", ...this.chosen.told() });
  }
}
