// @ts-check
// Where people were last, in each world: kept in this browser, the world visited last at the end.

const MOST = 50; // worlds
export const VISITS = "earth-visits"; // its name in the browser's storage

/** @param {string | null} text what was kept @returns {[string, string][]} world and place */
export function readVisits(text) {
  try {
    const kept = JSON.parse(text ?? "[]");
    return kept.filter((/** @type {any} */ each) => Array.isArray(each) && each.length === 2);
  } catch {
    return [];
  }
}

/** @param {[string, string][]} visits @param {string} world @param {string} place @returns {[string, string][]} */
export const visited = (visits, world, place) => [
  .../** @type {[string, string][]} */ (visits.filter(([each]) => each !== world).slice(1 - MOST)),
  [world, place],
];
