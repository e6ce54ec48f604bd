// @ts-check
// What a model leaves out of a prompt, in words.
import { phrase } from "./phrases.js";

/** @typedef {{cut: string, unknown: string[]}} PromptReport */

const MOST_WORDS = 8;

/** @param {PromptReport | undefined} report @returns {string} empty: all of it was read */
export function reported(report) {
  if (!report) return "";
  const said = [];
  if (report.cut) said.push(phrase("report.cut", { cut: short(report.cut) }));
  const { unknown } = report;
  if (unknown.length) {
    const listed = unknown.slice(0, MOST_WORDS).join(", ") + (unknown.length > MOST_WORDS ? ", …" : "");
    said.push(phrase("report.unknown", { count: unknown.length, words: listed }));
  }
  return said.join(" ");
}

/** @param {string} text */
const short = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
