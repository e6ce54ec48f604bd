// @ts-check
// What Leaflet must know of the plane. Leaflet itself is a classic script before these modules.
import { EARTH } from "../lib/plane.js";

// Metres as plain coordinates (lng = x, lat = y), without wrap or bounds. folium asks for it by name.
/** @type {any} */ (L.CRS).Plane = L.extend({}, L.CRS, {
  code: "EPSG:3857",
  infinite: true,
  projection: L.Projection.LonLat,
  transformation: new L.Transformation(1 / EARTH, 0.5, -1 / EARTH, 0.5),
  /** @param {L.LatLng} a @param {L.LatLng} b */
  distance: (a, b) => Math.hypot(b.lng - a.lng, b.lat - a.lat),
});

/** Whether pictures should not move. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Leaflet itself does not ask.
if (still()) L.Map.mergeOptions({ zoomAnimation: false, fadeAnimation: false, inertia: false });

/** @param {L.LatLngBounds} bounds @returns {Box} */
export const metres = (bounds) => [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];

/** @param {Box} box */
export const latLngs = ([west, south, east, north]) => L.latLngBounds([south, west], [north, east]);

/** @type {WeakMap<L.Map, L.Renderer>} */
const renderers = new WeakMap();

/**
 * How to draw what follows the map and is never in the pointer's way. The renderer draws well beyond
 * the view, so that panning uncovers what is there.
 * @param {L.Map} map
 */
export function overlay(map) {
  const renderer = renderers.get(map) ?? L.svg({ padding: 0.5 });
  renderers.set(map, renderer);
  return { interactive: false, noClip: true, smoothFactor: 0, renderer };
}
