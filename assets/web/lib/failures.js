// @ts-check
// What went wrong with a request, in words that say what to do.
import { phrase } from "./phrases.js";

const WAYS = [
  { from: 413, to: 413, said: "failure.too-large" },
  { from: 502, to: 504, said: "failure.unreached" },
  { from: 500, to: 599, said: "failure.broken" },
  { from: 401, to: 403, said: "failure.refused" },
];

/** No answer came. @param {boolean} online what the browser knows @param {boolean} late the wait was given up */
export function unreachable(online, late) {
  if (!online) return phrase("failure.offline");
  if (late) return phrase("failure.late");
  return phrase("failure.unreachable");
}

/**
 * The words of an answer that is a failure: the app's own, or, where a proxy answered in its place, ours.
 * @param {number} status
 * @param {any} said what the answer held, if it was JSON
 */
export function refused(status, said) {
  const own = said?.error?.message;
  if (typeof own === "string" && own) return own;
  const way = WAYS.find(({ from, to }) => status >= from && status <= to);
  return `${phrase(way?.said ?? "failure.unclear")} (${status}).`;
}
