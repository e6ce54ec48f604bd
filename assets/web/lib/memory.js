// @ts-check
// What a browser keeps for the next visit, and what a tab keeps while it reloads. In another site's frame they may
// keep nothing, and say so by an error.

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

/** What the tab held when it was left, once. @param {string} name @returns {string | null} */
export function takeBack(name) {
  try {
    const held = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return held;
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function hold(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // What was written is gone after a reload, as on most pages.
  }
}
