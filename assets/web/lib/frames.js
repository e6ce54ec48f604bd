// @ts-check
// A rectangle on the plane that is moved, and scaled in its proportions.
import { metresPerPixel } from "./plane.js";

/** @typedef {[number, number]} Point */

const LEAST = 16; // px a side of a picture that the server takes
const [COARSEST, FINEST] = [0, 22]; // zooms that its pixels may have

/** @param {Box} box @returns {Point} */
export const middle = ([west, south, east, north]) => [(west + east) / 2, (south + north) / 2];

/** @param {Point} place of its middle @param {Point} sides width and height in metres @returns {Box} */
export const around = ([x, y], [width, height]) => [
  x - width / 2,
  y - height / 2,
  x + width / 2,
  y + height / 2,
];

/** @param {Box} box @param {number} right metres @param {number} up metres @returns {Box} */
export const moved = ([west, south, east, north], right, up) => [
  west + right,
  south + up,
  east + right,
  north + up,
];

/** Whether one lies wholly in another. @param {Box} outer @param {Box} inner */
export const holds = (outer, inner) =>
  inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3];

/** Its corners: upper left, upper right, lower right, lower left. @param {Box} box @returns {Point[]} */
export const corners = ([west, south, east, north]) => [
  [west, north],
  [east, north],
  [east, south],
  [west, south],
];

/** About a point that stays. @param {Box} box @param {number} factor @param {Point} fixed @returns {Box} */
export function scaled([west, south, east, north], factor, [x, y] = middle([west, south, east, north])) {
  return [
    x + (west - x) * factor,
    y + (south - y) * factor,
    x + (east - x) * factor,
    y + (north - y) * factor,
  ];
}

/**
 * A corner is pulled as near to a point as the proportions let it; the opposite one stays.
 * @param {Box} box @param {number} corner its place among `corners` @param {Point} to
 * @param {Point} widths the least and the most that it may have, in metres
 */
export function pulled(box, corner, to, widths) {
  const all = corners(box);
  const [from, fixed] = [all[corner], all[(corner + 2) % 4]];
  const [across, up] = [from[0] - fixed[0], from[1] - fixed[1]];
  const along = (to[0] - fixed[0]) * across + (to[1] - fixed[1]) * up;
  return scaled(box, held(box, along / (across ** 2 + up ** 2), widths), fixed);
}

/** A factor, held so that the width stays within bounds. @param {Box} box @param {number} factor @param {Point} widths */
export function held([west, , east], factor, [least, most]) {
  const width = east - west;
  return Math.min(Math.max(factor, least / width), most / width);
}

/**
 * The least and the most metres that a picture may be wide.
 * @param {Point} pixels its width and height @param {number} base the zoom that land is painted at first
 * @returns {Point}
 */
export function widths([wide, high], base) {
  const least = Math.max(metresPerPixel(FINEST), (LEAST * metresPerPixel(base)) / Math.min(wide, high));
  return [wide * least, wide * metresPerPixel(COARSEST)];
}

/** The zoom whose pixels are as large as those of a picture. @param {Box} box @param {number} wide its pixels */
export function zoomOf([west, , east], wide) {
  const zoom = Math.log2((metresPerPixel(0) * wide) / (east - west));
  return Math.round(zoom * 1e6) / 1e6; // moved without being scaled, it keeps its zoom
}
