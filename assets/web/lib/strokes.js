// @ts-check
// How strokes of the brush are drawn.

const OPACITY = 0.36; // of a stroke where it holds whole

/** The colour of a prompt: the same in every tab, and far from that of the next one. @param {string} prompt */
export function hue(prompt) {
  let hash = 2166136261;
  for (const letter of prompt) {
    hash = Math.imul(hash ^ /** @type {number} */ (letter.codePointAt(0)), 16777619) >>> 0;
  }
  return hash % 360;
}

/**
 * A soft edge as bands one within the other, which together are as opaque as a stroke.
 * @param {number} radius metres @param {number} softness metres @param {number} steps
 * @returns {{half: number[], opacity: number}} half the width of each band in metres
 */
export function bands(radius, softness, steps) {
  const many = softness > 0 ? steps : 1;
  const half = Array.from({ length: many }, (_, index) => {
    // Where a stroke's weight, which falls as 3t^2 - 2t^3 over its edge, is that of this step.
    const share = 0.5 - Math.sin(Math.asin(1 - (2 * (index + 0.5)) / many) / 3);
    return radius + softness * (1 - share);
  });
  return { half, opacity: 1 - (1 - OPACITY) ** (1 / many) };
}
