// @ts-check
// What a browser keeps for the next visit, and what a tab keeps while it reloads. In another site's frame they may
// keep nothing, and say so by an error.

/** @param {string} name @returns {string | null} */
export const recall = (name) => kept(() => localStorage.getItem(name));

/** Where it cannot be kept, the next visit begins as the first one did. @param {string} name @param {string} value */
export const remember = (name, value) => kept(() => localStorage.setItem(name, value));

/** What the tab held when it was left, once. @param {string} name @returns {string | null} */
export const takeBack = (name) =>
  kept(() => {
    const held = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return held;
  });

/** Where it cannot be kept, it is gone after a reload, as on most pages. @param {string} name @param {string} value */
export const hold = (name, value) => kept(() => sessionStorage.setItem(name, value));

/** @template T @param {() => T} work @returns {T | null} */
function kept(work) {
  try {
    return work();
  } catch {
    return null;
  }
}
