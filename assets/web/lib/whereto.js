// @ts-check
// What people type to go somewhere: metres on the plane, degrees, or a tile.
import { EARTH, Grid } from "./plane.js";

const RADIUS = EARTH / 2 / Math.PI;
const NUMBER = "[-+]?\\d{1,15}(?:\\.\\d{1,15})?";
const PAIR = new RegExp(`^(${NUMBER})(?:\\s*m)?[\\s,;]+(${NUMBER})(?:\\s*m)?$`);
const DEGREES = new RegExp(`^(${NUMBER})\\s*°\\s*([NS])?[\\s,;]+(${NUMBER})\\s*°?\\s*([EW])?$`, "i");
const TILE = /^(\d{1,2})\/(-?\d{1,10})\/(-?\d{1,10})$/;
const DEEPEST = 22;
export const MOST_LATITUDE = 85.06; // degrees

/** @typedef {{x: number, y: number, zoom?: number}} Whereto metres */

/** @param {string} text @returns {Whereto | null} null: it is none of them */
export function readPlace(text) {
  const typed = text.trim().replace(/^#/, "");
  return readTile(typed) ?? readDegrees(typed) ?? readMetres(typed);
}

/** The middle of a tile. @param {string} typed @returns {Whereto | null} */
function readTile(typed) {
  const parts = TILE.exec(typed)?.slice(1).map(Number);
  if (!parts || parts[0] > DEEPEST) return null;
  const [zoom, column, row] = parts;
  const [west, south, east, north] = new Grid(zoom).around({
    left: column,
    right: column,
    top: row,
    bottom: row,
  });
  return { x: (west + east) / 2, y: (south + north) / 2, zoom };
}

/** Latitude first, as people say it. @param {string} typed @returns {Whereto | null} */
function readDegrees(typed) {
  const parts = DEGREES.exec(typed);
  if (!parts) return null;
  const lat = Number(parts[1]) * (parts[2]?.toUpperCase() === "S" ? -1 : 1);
  const lon = Number(parts[3]) * (parts[4]?.toUpperCase() === "W" ? -1 : 1);
  if (Math.abs(lat) > MOST_LATITUDE) return null;
  return { x: (lon / 360) * EARTH, y: northing(lat) };
}

/** Metres north of the equator. @param {number} lat degrees, within the square that has them */
export const northing = (lat) => RADIUS * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

/** @param {string} typed @returns {Whereto | null} */
function readMetres(typed) {
  const parts = PAIR.exec(typed);
  return parts && { x: Number(parts[1]), y: Number(parts[2]) };
}

/** Degrees of a place on the plane: latitude, longitude. null: beyond the square that has them.
 * @param {number} x metres @param {number} y metres @returns {[number, number] | null} */
export function degrees(x, y) {
  if (Math.abs(x) > EARTH / 2 || Math.abs(y) > EARTH / 2) return null;
  const lat = (2 * Math.atan(Math.exp(y / RADIUS)) - Math.PI / 2) * (180 / Math.PI);
  return [lat, (x / EARTH) * 360];
}
