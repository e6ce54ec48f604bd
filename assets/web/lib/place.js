// @ts-check
// Places as links: "#zoom/x/y" in a map's address, "#world/zoom/x/y" in the page's. x and y in metres.

const PLACE = /^#?(\d{1,2})\/(-?\d{1,15})\/(-?\d{1,15})$/;
const LINK = /^#([a-z0-9][a-z0-9_-]{0,63})(?:\/(\d{1,2}\/-?\d{1,15}\/-?\d{1,15}))?$/;

/** @param {string} hash @returns {{zoom: number, x: number, y: number} | null} */
export function parsePlace(hash) {
  const parts = PLACE.exec(hash);
  return parts && { zoom: Number(parts[1]), x: Number(parts[2]), y: Number(parts[3]) };
}

/** @param {number} zoom @param {number} x @param {number} y */
export const formatPlace = (zoom, x, y) => `${zoom}/${Math.round(x)}/${Math.round(y)}`;

/** @param {string} hash @returns {{world: string, place: string} | null} place is "" or "zoom/x/y" */
export function parseLink(hash) {
  const parts = LINK.exec(hash);
  return parts && { world: parts[1], place: parts[2] || "" };
}

/** @param {string} world @param {string} place */
export const formatLink = (world, place) => (place ? `#${world}/${place}` : `#${world}`);
