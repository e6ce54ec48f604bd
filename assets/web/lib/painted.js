// @ts-check
// What is said of a world's model.

import { phrase } from "./phrases.js";

/** @typedef {{model: string, digest: string, licence: string, steps: number, batch: number, missing: string | null, follows?: string,
 *   source?: string, sampler?: string, guidance_scale?: number, dtype?: string,
 *   adapters?: {file: string, weight: number}[], guide?: {name: string, wants: string} | null,
 *   levels?: {zoom: number, model: string, licence: string, missing: string | null}[]}} Painted */

/**
 * What paints a world: pairs of a name and words.
 * @param {Painted} by @param {number} seed @returns {[string, string][]}
 */
export function aboutModel(by, seed) {
  const adapters = (by.adapters ?? []).map(({ file, weight }) => `${file} (${weight})`).join(", ");
  const guided =
    by.guidance_scale === undefined ? "" : phrase("about.guidance", { scale: `${by.guidance_scale}` });
  const key = by.sampler ? "about.steps-of" : "about.steps";
  const steps = [phrase(key, { count: by.steps, sampler: by.sampler ?? "" }), guided]
    .filter(Boolean)
    .join(", ");
  const levels = (by.levels ?? []).map(({ zoom, model, licence, missing }) =>
    missing
      ? phrase("about.level-missing", { zoom, model, missing })
      : phrase("about.level", { zoom, model, licence }),
  );
  /** @type {[string, string][]} */
  const pairs = [
    ["about.missing", by.missing ?? ""],
    ["about.model", by.model],
    ["about.source", by.source ?? ""],
    ["about.weights", by.digest.slice(0, 12)],
    ["about.adapters", adapters],
    ["about.guide", by.guide ? `${by.follows || by.guide.wants} (${by.guide.name})` : ""],
    ["about.licence", by.licence],
    ["about.painted", by.missing ? "" : steps],
    ["about.numbers", by.dtype ? phrase("about.batch", { dtype: by.dtype, batch: by.batch }) : ""],
    ["about.levels", levels.join("; ")],
    ["about.seed", String(seed)],
  ];
  return pairs.filter(([, words]) => words).map(([key, words]) => [phrase(key), words]);
}
