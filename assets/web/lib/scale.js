// @ts-check
// A zoom in words: how large a pixel is, what one sees, and where the land comes from.
import { metresPerPixel } from "./plane.js";

/** The first zoom where each is seen. @type {[number, string][]} */
const SEEN = [
  [0, "the whole Earth"],
  [2, "continents"],
  [4, "seas and deserts"],
  [6, "countries and mountain ranges"],
  [8, "coasts, rivers and valleys"],
  [10, "lakes and cities"],
  [12, "towns and woods"],
  [14, "villages and fields"],
  [16, "roads and large buildings"],
  [17, "streets and houses"],
  [18, "houses and cars"],
  [19, "cars and trees"],
  [20, "cars and bushes"],
];

/** @param {number} metres */
function size(metres) {
  const [value, unit] = metres >= 1000 ? [metres / 1000, "km"] : [metres, "m"];
  return `${value.toLocaleString("en", { maximumSignificantDigits: value < 0.25 || value >= 1 ? 2 : 1 })} ${unit}`;
}

/** @param {number} zoom */
export function scaleWords(zoom) {
  const seen = SEEN.filter(([first]) => first <= zoom).at(-1) ?? SEEN[0];
  return `${size(metresPerPixel(zoom))} per pixel: ${seen[1]}`;
}

/**
 * Where the land of a zoom comes from.
 * @param {number} zoom @param {{base: number, deepest: number, zooms: number[]}} world zooms: those that its model learned
 */
export function originWords(zoom, { base, deepest, zooms }) {
  if (zoom < base) return `Seen from afar: the mean of zoom ${base}`;
  if (zoom > deepest) return `Zoom ${deepest}, enlarged`;
  if (zooms.includes(zoom)) return "Learned from pictures at this zoom";
  const above = zooms.filter((each) => each < zoom).at(-1);
  const below = zooms.find((each) => each > zoom);
  if (above === undefined) return `Invented: the model learned zoom ${below} and deeper`;
  return below === undefined
    ? `Invented: deeper than zoom ${above}, the last one learned`
    : `Invented between zooms ${above} and ${below}, which were learned`;
}
