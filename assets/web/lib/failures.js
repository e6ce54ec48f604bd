// @ts-check
// What went wrong with a request, in words that say what to do.

const WAYS = [
  { from: 413, to: 413, words: "This is too large for a server between you and the app" },
  { from: 502, to: 504, words: "The server in front of the app cannot reach it. Try again in a moment" },
  { from: 500, to: 599, words: "Something went wrong in the app. Its log says what" },
  { from: 401, to: 403, words: "A server between you and the app refused this" },
];

/** No answer came. @param {boolean} online what the browser knows @param {boolean} late the wait was given up */
export function unreachable(online, late) {
  if (!online) return "You are offline. Connect to the network and try again.";
  if (late) return "The app did not answer in time. Try again.";
  return "Can't reach the app. Is it still running?";
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
  return `${way ? way.words : "The answer could not be understood"} (${status}).`;
}
