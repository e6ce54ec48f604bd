// @ts-check
// What is said of a world's model.

/** @typedef {{model: string, digest: string, licence: string, steps: number, batch: number, missing: string | null,
 *   source?: string, sampler?: string, guidance_scale?: number, dtype?: string,
 *   adapters?: {file: string, weight: number}[]}} Painted */

/**
 * What paints a world: pairs of a name and words.
 * @param {Painted} by @param {number} seed @returns {[string, string][]}
 */
export function aboutModel(by, seed) {
  const adapters = (by.adapters ?? []).map(({ file, weight }) => `${file} (${weight})`).join(", ");
  const guided = by.guidance_scale === undefined ? "" : `, guidance ${by.guidance_scale}`;
  const steps = by.missing ? "" : `${by.steps} steps${by.sampler ? ` of ${by.sampler}` : ""}${guided}`;
  /** @type {[string, string][]} */
  const pairs = [
    ["Missing", by.missing ?? ""],
    ["Model", by.model],
    ["From", by.source ?? ""],
    ["Weights", by.digest.slice(0, 12)],
    ["Adapters", adapters],
    ["Licence", by.licence],
    ["Painted in", steps],
    ["Numbers", by.dtype ? `${by.dtype}, ${by.batch} at a time` : ""],
    ["Seed", String(seed)],
  ];
  return pairs.filter(([, words]) => words);
}
