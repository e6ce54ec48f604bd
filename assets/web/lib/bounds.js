// @ts-check
// A rectangle as people write it down: four numbers, or a file of GeoJSON around which it lies.
import { EARTH } from "./plane.js";
import { MOST_LATITUDE, northing } from "./whereto.js";

const NUMBERS = /^\s*\[?\s*(-?\d[\d.]*(?:[\s,;]+-?\d[\d.]*){3})\s*(°?)\s*\]?\s*$/;
const DEPTH = 8; // of lists in lists

/** @param {string} text "west, south, east, north", in metres, or with ° in degrees @returns {Box | null} */
export function readBounds(text) {
  const parts = NUMBERS.exec(text.replaceAll("°", " ").trim() + (text.includes("°") ? "°" : ""));
  if (!parts) return null;
  const [west, south, east, north] = parts[1].split(/[\s,;]+/).map(Number);
  return rectangle(west, south, east, north, Boolean(parts[2]));
}

/** The rectangle around all that a GeoJSON file draws. Its places are degrees, as the standard has it, unless it
 * names web mercator, as older programs wrote it. @param {string} text @returns {Box | null} null: it is none, or empty */
export function aroundGeoJson(text) {
  try {
    const read = JSON.parse(text);
    /** @type {[number[], number[]]} */
    const sides = [[], []];
    gather(read, sides, 0);
    const [xs, ys] = sides;
    if (!xs.length) return null;
    const least = (/** @type {number[]} */ all) => all.reduce((a, b) => Math.min(a, b));
    const most = (/** @type {number[]} */ all) => all.reduce((a, b) => Math.max(a, b));
    const metres = /(3857|900913)\b/.test(String(read?.crs?.properties?.name ?? ""));
    return rectangle(least(xs), least(ys), most(xs), most(ys), !metres);
  } catch {
    return null;
  }
}

/** @param {any} part of GeoJSON @param {[number[], number[]]} sides @param {number} depth */
function gather(part, sides, depth) {
  if (!part || typeof part !== "object" || depth > DEPTH) return;
  if (Array.isArray(part)) {
    if (typeof part[0] === "number" && typeof part[1] === "number") {
      sides[0].push(part[0]);
      sides[1].push(part[1]);
    } else for (const each of part) gather(each, sides, depth + 1);
    return;
  }
  for (const name of ["features", "geometry", "geometries", "coordinates"])
    gather(part[name], sides, depth + 1);
}

/** @param {number} west @param {number} south @param {number} east @param {number} north
 * @param {boolean} degrees @returns {Box | null} metres; null: it is none */
function rectangle(west, south, east, north, degrees) {
  if (![west, south, east, north].every(Number.isFinite) || west >= east || south >= north) return null;
  if (!degrees) return [west, south, east, north];
  if (Math.max(-south, north) > MOST_LATITUDE || Math.max(-west, east) > 180) return null;
  return [(west / 360) * EARTH, northing(south), (east / 360) * EARTH, northing(north)];
}
