// @ts-check
// Seeds as people type them: whole numbers that every program keeps exactly.
import { phrase } from "./phrases.js";

export const MOST_SEED = Number.MAX_SAFE_INTEGER; // 2^53 - 1

/** A random seed. @returns {string} */
export const randomSeed = () => String(Math.floor(Math.random() * 2 ** 31));

/** @param {string} text @returns {{seed?: number, wrong?: string}} no seed: a random one */
export function readSeed(text) {
  const typed = text.trim();
  if (!typed) return {};
  const seed = /^\d{1,16}$/.test(typed) ? Number(typed) : Number.NaN;
  if (Number.isSafeInteger(seed)) return { seed };
  return {
    wrong: phrase("error.seed", { typed: typed.slice(0, 40), most: String(MOST_SEED) }),
  };
}
