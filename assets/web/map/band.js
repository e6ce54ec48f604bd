// @ts-check
// A stroke as translucent lines that are as wide as it is on the ground, whatever the zoom, and a thin
// one along its middle.
import { metresPerPixel } from "../lib/plane.js";
import { bands, hue } from "../lib/strokes.js";
import { overlay } from "./plane.js";

export const STEPS = 14; // bands of a soft edge

/** @type {WeakMap<L.Map, L.Renderer>} */
const renderers = new WeakMap();

/** The pane of the strokes, under the selection. @param {L.Map} map */
export function regions(map) {
  let renderer = renderers.get(map);
  if (!renderer) {
    map.createPane("regions").style.zIndex = "390";
    renderer = L.svg({ pane: "regions", padding: 0.5 });
    renderers.set(map, renderer);
  }
  return { ...overlay(map), pane: "regions", renderer };
}

export class Band {
  /** @param {L.Map} map @param {Stroke} stroke @param {number} steps */
  constructor(map, { path, radius, softness, prompt, colour }, steps = STEPS) {
    this.map = map;
    const { half, opacity } = bands(radius, softness, steps);
    const color = colour || `hsl(${hue(prompt)} 80% 60%)`;
    /** @type {L.PolylineOptions} */
    const shared = { ...regions(map), lineCap: "round", lineJoin: "round", color };
    /** @param {L.PolylineOptions} style */
    const add = (style) => L.polyline([], { ...shared, ...style }).addTo(map);
    this.lines = half.map((wide) => ({ wide, line: add({ className: "band", opacity }) }));
    // Through a filled area a stroke goes to and fro: its middle would be a hatch.
    if (!colour) this.lines.push({ wide: 0, line: add({ className: "spine", opacity: 0.9, weight: 1.5 }) });
    this.lay(path);
    this.scale();
  }

  /** A line of one place is a dot. @param {[number, number][]} path x, y in metres */
  lay(path) {
    const places = (path.length > 1 ? path : [path[0], path[0]]).map(
      ([x, y]) => /** @type {[number, number]} */ ([y, x]),
    );
    for (const { line } of this.lines) line.setLatLngs(places);
  }

  scale() {
    const metres = metresPerPixel(this.map.getZoom());
    for (const { line, wide } of this.lines) if (wide) line.setStyle({ weight: (2 * wide) / metres });
  }

  remove() {
    for (const { line } of this.lines) line.remove();
  }
}
