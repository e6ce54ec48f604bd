// @ts-check
// What a browser keeps for the next visit. In another site's frame it may keep nothing, and says so by an error.

/** @param {string} name @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // The next visit begins as the first one did.
  }
}
