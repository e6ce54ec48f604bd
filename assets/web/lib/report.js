// @ts-check
// What a model leaves out of a prompt, in words.

/** @typedef {{cut: string, unknown: string[]}} PromptReport */

const MOST_WORDS = 8;

/** @param {PromptReport | undefined} report @returns {string} empty: all of it was read */
export function reported(report) {
  if (!report) return "";
  const said = [];
  if (report.cut) said.push(`The prompt is too long: "${short(report.cut)}" was left out.`);
  const { unknown } = report;
  if (unknown.length) {
    const listed = unknown.slice(0, MOST_WORDS).join(", ");
    const words =
      unknown.length === 1 ? "The model does not know this word" : "The model does not know these words";
    said.push(`${words}: ${listed}${unknown.length > MOST_WORDS ? ", …" : ""}.`);
  }
  return said.join(" ");
}

/** @param {string} text */
const short = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
