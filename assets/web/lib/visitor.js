// @ts-check
// What a visitor of a public map may do, in words.
import { phrase } from "./phrases.js";
import { bytes, time } from "./words.js";

/**
 * @typedef {{worlds: number, tiles: number, uploads: number, exports: number}} Amounts
 * @typedef {{role: string, worlds: string[], most_worlds: number, days: number, left: Amounts,
 *   seconds_left: number | null}} Visitor
 */

/** @param {Visitor} visitor @param {string} world that is on the map @returns {string} empty: nothing limits them */
export function told(visitor, world) {
  if (visitor.role === "view") return phrase("visitor.look");
  if (visitor.role !== "visit") return "";
  return `${whose(visitor, world)} ${left(visitor)}`;
}

/** @param {Visitor} visitor @param {string} world */
function whose({ worlds, most_worlds, days }, world) {
  if (worlds.includes(world)) return phrase("visitor.own", { count: days });
  return worlds.length < most_worlds ? phrase("visitor.new") : phrase("visitor.theirs");
}

/** @param {Visitor} visitor */
function left({ left, seconds_left }) {
  const said = phrase("visitor.left", {
    tiles: phrase("visitor.tiles", { count: left.tiles }),
    exports: phrase("visitor.exports", { count: left.exports }),
    files: bytes(left.uploads),
  });
  return seconds_left === null ? said : `${said} ${phrase("visitor.more", { time: time(seconds_left) })}`;
}
