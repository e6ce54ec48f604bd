// Painting with prompts: the brush that draws a stroke, and the strokes of the journal drawn over the map.
"use strict";

const STRENGTH = 0.36; // opacity of a stroke where it holds whole
const STEPS = 14; // bands, one within the other, that a soft edge is drawn with
const MANY = 24; // strokes, past which so many bands each would be slow
const MOST_PLACES = 200; // of a stroke's path

// The colour of a prompt: the same in every tab, and far from that of the next one.
function hue(prompt) {
  let hash = 2166136261;
  for (const letter of prompt) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0;
  return hash % 360;
}

// A stroke as translucent lines that are as wide as it is on the ground, whatever the zoom, and a thin
// one along its middle.
class Band {
  constructor(map, { path, radius, softness, prompt }, most = STEPS) {
    this.map = map;
    const steps = softness > 0 ? most : 1;
    const opacity = 1 - (1 - STRENGTH) ** (1 / steps);
    const color = `hsl(${hue(prompt)} 80% 60%)`;
    const shared = { ...drawing(map), pane: "regions", renderer: map.regions, lineCap: "round", lineJoin: "round", color };
    const add = (style) => L.polyline([], { ...shared, ...style }).addTo(map);
    this.lines = Array.from({ length: steps }, (_, index) => {
      // Where a stroke's weight, which falls as 3t^2 - 2t^3 over its edge, is that of this step.
      const share = 0.5 - Math.sin(Math.asin(1 - (2 * (index + 0.5)) / steps) / 3);
      return { wide: radius + softness * (1 - share), line: add({ className: "band", opacity }) };
    });
    this.lines.push({ wide: 0, line: add({ className: "spine", opacity: 0.9, weight: 1.5 }) });
    this.lay(path);
    this.scale();
  }

  // x, y in metres. A line of one place is a dot.
  lay(path) {
    const places = (path.length > 1 ? path : [path[0], path[0]]).map(([x, y]) => [y, x]);
    for (const { line } of this.lines) line.setLatLngs(places);
  }

  scale() {
    const pixels = (256 * 2 ** this.map.getZoom()) / EARTH;
    for (const { line, wide } of this.lines) if (wide) line.setStyle({ weight: 2 * wide * pixels });
  }

  remove() {
    for (const { line } of this.lines) line.remove();
  }
}

class Brush {
  constructor(map, selection, tell) {
    Object.assign(this, { map, selection, tell, on: false, path: null, band: null, ghost: null, wish: null });
    this.strokes = []; // {band, name}
    map.createPane("regions").style.zIndex = 390;
    map.regions = L.svg({ pane: "regions", padding: 0.5 });
    map.on("zoomend", () => this.all().forEach((band) => band.scale()));
    if (window.parent !== window) this.control(); // the prompt is written in the page around the map
    map.getContainer().addEventListener("pointerdown", (event) => this.press(event), true);
    window.addEventListener("pointermove", (event) => this.move(event));
    window.addEventListener("pointerup", () => this.release());
    window.addEventListener("pointercancel", () => this.abandon());
    map.on("mouseout", () => this.hover(null));
  }

  all() {
    return [...this.strokes.map((each) => each.band), this.band, this.ghost].filter(Boolean);
  }

  control() {
    const control = L.control({ position: "bottomright" });
    control.onAdd = () => {
      const bar = L.DomUtil.create("div", "leaflet-bar");
      this.toggle = mapButton(bar, "brush", "Paint with prompts");
      L.DomEvent.on(this.toggle, "click", () => this.tell({ type: "brush", on: !this.on }));
      return bar;
    };
    control.addTo(this.map);
  }

  // What the panel says of the brush: {on, prompt, radius, softness}.
  take(wish) {
    this.wish = wish;
    this.hover(null);
    if (wish.on === this.on) return;
    this.on = this.selection.held = wish.on;
    if (wish.on) this.selection.arm(false);
    if (this.toggle) pressed(this.toggle, wish.on);
    still(this.map, wish.on || this.selection.on);
    this.map.getContainer().classList.toggle("brushing", wish.on);
    if (!wish.on) this.abandon();
  }

  place(event) {
    const { lng, lat } = this.map.mouseEventToLatLng(event);
    return [lng, lat];
  }

  press(event) {
    if (!this.on || event.button || event.target.closest(".leaflet-control")) return;
    if (this.path) return this.abandon(); // a second finger: this is a pinch
    this.hover(null);
    this.path = [this.place(event)];
    this.band?.remove();
    this.band = new Band(this.map, { ...this.wish, path: this.path });
  }

  move(event) {
    if (this.path) {
      this.path.push(this.place(event));
      this.band.lay(this.path);
    } else if (this.on && event.pointerType === "mouse") {
      this.hover(event.target.closest?.(".leaflet-container") && !event.target.closest(".leaflet-control") ? event : null);
    }
  }

  // The brush itself, where the mouse is.
  hover(event) {
    if (!event) this.ghost = this.ghost?.remove() && null;
    else if (this.ghost) this.ghost.lay([this.place(event)]);
    else this.ghost = new Band(this.map, { ...this.wish, path: [this.place(event)] });
  }

  release() {
    if (!this.path) return;
    const path = this.simple(this.path);
    this.path = null;
    this.tell({ type: "stroke", path });
  }

  abandon() {
    this.path = null;
    this.band = this.band?.remove() && null;
  }

  // The same line with fewer places.
  simple(path) {
    const pixels = path.map(([x, y]) => this.map.latLngToLayerPoint([y, x]));
    let tolerance = 1;
    let found = L.LineUtil.simplify(pixels, tolerance);
    while (found.length > MOST_PLACES) found = L.LineUtil.simplify(pixels, (tolerance *= 2));
    return found.map((point) => this.map.layerPointToLatLng(point)).map(({ lng, lat }) => [lng, lat]);
  }

  // The strokes to show: [{prompt, path, radius, softness}, ...]. One that was just drawn is among them.
  show(strokes) {
    for (const { band, name } of this.strokes) [band, name].forEach((each) => each.remove());
    const steps = strokes.length > MANY ? 4 : STEPS;
    this.strokes = strokes.map((stroke) => ({ band: new Band(this.map, stroke, steps), name: this.name(stroke) }));
    if (!this.path) this.abandon();
  }

  name({ prompt, path }) {
    const text = document.createElement("span");
    text.textContent = prompt;
    const [x, y] = path[Math.floor(path.length / 2)];
    const icon = L.divIcon({ html: text, className: "region-name", iconSize: null });
    return L.marker([y, x], { icon, interactive: false, keyboard: false }).addTo(this.map);
  }
}
