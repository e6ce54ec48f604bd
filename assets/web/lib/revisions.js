// @ts-check
// The newest revision known of each tile. What was heard of longest ago is forgotten first: the feed
// says it again when the tile is wanted again.

export const MOST_REVISIONS = 8192;

export class Revisions {
  /** @param {number} most */
  constructor(most = MOST_REVISIONS) {
    this.most = most;
    /** @type {Map<string, number>} */
    this.known = new Map();
  }

  /** @param {string} key @returns {number} 0 where nothing is known */
  of(key) {
    return this.known.get(key) ?? 0;
  }

  /** @param {string} key @param {number} revision @returns {boolean} false: an older one than is known */
  hear(key, revision) {
    if (this.of(key) > revision) return false;
    this.known.delete(key);
    this.known.set(key, revision);
    if (this.known.size > this.most)
      this.known.delete(/** @type {string} */ (this.known.keys().next().value));
    return true;
  }
}
