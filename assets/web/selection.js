// Choosing tiles: a click takes one, ctrl or shift and a click adds or removes one, shift and a drag
// takes all that a rectangle touches. On touch screens a button makes taps and drags do so. With the
// keyboard, Enter takes the tile in the middle of the map, and with shift adds or removes it.
"use strict";

const MOST_TILES = 4096; // a rectangle of more is drawn as a rectangle, tile by tile it would be slow
const LEAST_PIXELS = 8; // of a tile's side, below which a click could not be meant for it
const STILL = 4; // px that a pointer may move in a click

class Selection {
  constructor(map, grid, tell) {
    Object.assign(this, { map, grid, tell, on: false, start: null, region: null, drawn: false });
    this.tiles = new Map(); // "x,y" -> [x, y]
    this.box = null; // instead of tiles, where they are too many
    map.boxZoom.disable();
    const style = drawing(map);
    this.fill = L.polygon([], { ...style, stroke: false, className: "selected-land" }).addTo(map);
    this.line = L.polyline([], { ...style, lineCap: "square", className: "selected" }).addTo(map);
    const control = L.control({ position: "bottomright" });
    control.onAdd = () => this.button();
    control.addTo(map);
    map.on("click", (event) => this.click(event));
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== map.getContainer()) return;
      this.click({ latlng: map.getCenter(), originalEvent: event });
    });
    map.getContainer().addEventListener("pointerdown", (event) => this.press(event), true);
    window.addEventListener("pointermove", (event) => this.start && this.drag(event));
    window.addEventListener("pointerup", () => this.release());
    window.addEventListener("pointercancel", () => this.release());
  }

  button() {
    const bar = L.DomUtil.create("div", "leaflet-bar");
    this.toggle = mapButton(bar, "select", "Select tiles: tap them, or draw a rectangle (or hold shift and drag)");
    L.DomEvent.on(this.toggle, "click", () => this.arm(!this.on));
    return bar;
  }

  // In the selecting mode taps toggle tiles and drags draw.
  arm(on) {
    if (on) this.tell({ type: "selecting" });
    this.on = on;
    pressed(this.toggle, on);
    still(this.map, on);
    this.map.getContainer().classList.toggle("drawing", on);
  }

  press(event) {
    if (event.target.closest(".leaflet-control") || event.button) return;
    if (this.start) return this.abandon(); // a second finger: this is a pinch
    if (this.held || !(event.shiftKey || this.on)) return;
    this.map.dragging.disable();
    this.start = { x: event.clientX, y: event.clientY, place: this.map.mouseEventToLatLng(event), more: event.ctrlKey || event.metaKey };
  }

  drag(event) {
    const far = Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y);
    if (!this.drawn && far < STILL) return;
    const bounds = L.latLngBounds([this.start.place, this.map.mouseEventToLatLng(event)]);
    if (!this.drawn && this.region) this.region = this.region.remove() && null;
    this.drawn = true;
    if (this.region) this.region.setBounds(bounds);
    else this.region = L.rectangle(bounds, { ...drawing(this.map), className: "region" }).addTo(this.map);
  }

  release() {
    if (!this.start) return;
    const { more } = this.start;
    const drawn = this.drawn;
    this.abandon();
    if (!drawn) return;
    // The click that ends a drag is not one.
    this.deaf = true;
    setTimeout(() => (this.deaf = false), 50);
    if (!more) this.tiles.clear();
    this.take(this.grid.touched(this.region.getBounds()));
    this.tell({ type: "region", bounds: metres(this.region.getBounds()) });
    this.show();
  }

  abandon() {
    this.start = null;
    this.drawn = false;
    if (!this.on) this.map.dragging.enable();
  }

  take(box) {
    const count = (box.right - box.left + 1) * (box.bottom - box.top + 1);
    this.box = count > MOST_TILES ? box : null;
    if (this.box) return this.tiles.clear();
    for (let y = box.top; y <= box.bottom; y++) {
      for (let x = box.left; x <= box.right; x++) this.tiles.set(`${x},${y}`, [x, y]);
    }
  }

  click({ latlng, originalEvent: { shiftKey, ctrlKey, metaKey } }) {
    if (this.deaf || this.held) return;
    if (256 * 2 ** (this.map.getZoom() - this.grid.zoom) < LEAST_PIXELS) {
      return this.tell({ type: "hint", text: "Tiles are too small to choose here: zoom in" });
    }
    const tile = this.grid.at(latlng);
    const key = tile.join(",");
    this.box = null;
    if (shiftKey || ctrlKey || metaKey || this.on) {
      if (!this.tiles.delete(key)) this.tiles.set(key, tile);
    } else {
      this.tiles.clear();
      this.tiles.set(key, tile);
      this.drop();
    }
    if (!this.tiles.size) this.drop();
    this.show();
  }

  // Take the rectangle away: an export takes the view again.
  drop() {
    if (!this.region) return;
    this.region = this.region.remove() && null;
    this.tell({ type: "region", bounds: null });
  }

  clear() {
    this.arm(false);
    this.tiles.clear();
    this.box = null;
    this.drop();
    this.show();
  }

  show() {
    const tiles = [...this.tiles.values()];
    const { zoom } = this.grid;
    let bounds = null;
    let count = tiles.length;
    if (this.box) {
      bounds = this.grid.around(this.box);
      count = (this.box.right - this.box.left + 1) * (this.box.bottom - this.box.top + 1);
    } else if (count) {
      const [xs, ys] = [tiles.map(([x]) => x), tiles.map(([, y]) => y)];
      bounds = this.grid.around({ left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) });
    }
    const ring = this.box && [bounds.getNorthWest(), bounds.getNorthEast(), bounds.getSouthEast(), bounds.getSouthWest(), bounds.getNorthWest()];
    this.fill.setLatLngs(ring ? [[ring]] : this.grid.areas(tiles).map((area) => [area]));
    this.line.setLatLngs(ring ? [ring] : this.grid.outline(tiles));
    this.tell({
      type: "selection",
      count,
      tiles: tiles.map(([x, y]) => [zoom, x, y]),
      bounds: bounds && metres(bounds),
    });
  }
}

// While something is drawn on the map, drags and double taps are not for moving it.
function still(map, on) {
  for (const way of [map.dragging, map.doubleClickZoom]) way[on ? "disable" : "enable"]();
}

// A button among those at the map's edge.
function mapButton(bar, name, title) {
  const button = L.DomUtil.create("a", name, bar);
  Object.assign(button, { href: "#", title, role: "button" });
  button.setAttribute("aria-label", title);
  pressed(button, false);
  L.DomEvent.disableClickPropagation(bar);
  L.DomEvent.on(button, "click", L.DomEvent.preventDefault);
  L.DomEvent.on(button, "keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    button.click();
  });
  return button;
}

function pressed(button, on) {
  button.classList.toggle("on", on);
  button.setAttribute("aria-pressed", on);
}
