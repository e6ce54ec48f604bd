// @ts-check
// A zoom in words: how large a pixel is, what one sees, and where the land comes from.
import { locale, phrase } from "./phrases.js";
import { metresPerPixel } from "./plane.js";

/** The first zoom where one sees something else: what, is in the catalogue. */
const SEEN = [0, 2, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19, 20];

/** @param {number} metres */
function size(metres) {
  const [value, key] = metres >= 1000 ? [metres / 1000, "length.km"] : [metres, "length.m"];
  const digits = value < 0.25 || value >= 1 ? 2 : 1;
  return phrase(key, { n: value.toLocaleString(locale, { maximumSignificantDigits: digits }) });
}

/** @param {number} zoom */
export function scaleWords(zoom) {
  const first = SEEN.filter((each) => each <= zoom).at(-1) ?? SEEN[0];
  return phrase("scale", { size: size(metresPerPixel(zoom)), seen: phrase(`seen.${first}`) });
}

/**
 * Where the land of a zoom comes from, and which model paints it if it is not the world's own.
 * @param {number} zoom
 * @param {{base: number, deepest: number, nearest: Record<number, number>, models?: [number, string][]}} world nearest:
 *   for each painted zoom, the nearest that its model learned; models: others than its own, each from a zoom on
 */
export function originWords(zoom, { models = [], ...world }) {
  const [, model] = models.filter(([first]) => first <= zoom).at(-1) ?? [];
  const origin = wordsOf(zoom, world);
  return model && zoom <= world.deepest ? phrase("origin.by", { origin, model }) : origin;
}

/** @param {number} zoom @param {{base: number, deepest: number, nearest: Record<number, number>}} world */
function wordsOf(zoom, { base, deepest, nearest }) {
  if (zoom < base) return phrase("origin.afar", { base });
  if (zoom > deepest) return phrase("origin.enlarged", { deepest });
  return nearest[zoom] === zoom
    ? phrase("origin.learned")
    : phrase("origin.invented", { zoom: nearest[zoom] });
}
