// @ts-check
// What is said of the painters of a cluster.
import { phrase } from "./phrases.js";
import { number } from "./words.js";

/**
 * @typedef {{here: number, lost: number, other: number, refused: boolean, trouble: string}} Crew
 * here: painters that are there; lost: those that were, and are awaited; other: those of another kind than
 * the world's first, which do not paint it if they are refused; trouble: why there are none
 */

/** Figures and what they count; nothing where the app itself paints. @param {Crew | null} crew */
export function painters(crew) {
  if (!crew) return [];
  const lost = crew.lost ? phrase("status.lost", { n: crew.lost }) : "";
  const said = [[number(crew.here), phrase("status.painters", { count: crew.here }) + lost]];
  if (crew.other) {
    const words = crew.refused ? "status.refused" : "status.mixed";
    said.push([number(crew.other), phrase(words, { count: crew.other })]);
  }
  if (crew.trouble && !crew.here) said.push([phrase("status.trouble"), crew.trouble]);
  return said;
}
