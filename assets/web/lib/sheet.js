// @ts-check
// A region finer than a tile: which latents it holds. A latent is 8 x 8 pixels of a zoom, the least that a
// model paints anew.
import { EARTH, Grid } from "./plane.js";

const DEEPER = 5; // a tile has 2^5 latents a side: they are the tiles so many zooms deeper
const SIDE = 2 ** DEEPER;
export const MOST_LATENTS = 1024 * SIDE * SIDE; // of the rectangle around a region: what the server takes

/** @typedef {[number, number]} Place x and y in metres */
/** Weights of latents, row by row from the upper left. @typedef {{zoom: number, corner: Place, width: number, height: number, weights: Uint8Array, tiles: Tile[]}} Mask */

export class Sheet {
  /** @param {number} zoom whose latents it has */
  constructor(zoom) {
    this.zoom = zoom;
    this.grid = new Grid(zoom + DEEPER);
    /** @type {Span | null} */
    this.span = null; // of latents, around all that it holds
    this.held = new Uint8Array(0); // 0 or 255
  }

  get width() {
    return this.span ? this.span.right - this.span.left + 1 : 0;
  }

  get height() {
    return this.span ? this.span.bottom - this.span.top + 1 : 0;
  }

  /**
   * Add what lies inside a ring, or take it away. Where the ring crosses itself, all of it is inside.
   * @param {Place[]} ring @param {boolean} on
   * @returns {boolean} false: it would be too large, and nothing changed
   */
  fill(ring, on = true) {
    const points = ring.map((place) => this.latents(place));
    return this.rows(around(points, 0), on, (row) => inside(points, row + 0.5));
  }

  /**
   * Add all that is as near to a line as a radius, or take it away.
   * @param {Place[]} path @param {number} radius metres @param {boolean} on
   * @returns {boolean} false: it would be too large, and nothing changed
   */
  sweep(path, radius, on = true) {
    const points = path.map((place) => this.latents(place));
    const far = Math.max(radius / this.grid.side, 0.71); // half a latent's diagonal: a dot hits one at least
    const pairs = points.map((point, index) => ({ from: points[Math.max(index - 1, 0)], to: point }));
    return this.rows(around(points, far), on, (row) =>
      pairs.flatMap(({ from, to }) => near(from, to, row + 0.5, far)),
    );
  }

  /** @param {Place} place @returns {Place} columns and rows of latents, in parts */
  latents([x, y]) {
    return [(x + EARTH / 2) / this.grid.side, (EARTH / 2 - y) / this.grid.side];
  }

  /**
   * @param {Span} span @param {boolean} on
   * @param {(row: number) => [number, number][]} runs of columns, in parts, in a row
   */
  rows(span, on, runs) {
    if (on && !this.grow(span)) return false;
    if (!this.span) return true;
    const { left, top, right, bottom } = this.span;
    for (let row = Math.max(span.top, top); row <= Math.min(span.bottom, bottom); row++) {
      for (const [from, to] of runs(row)) {
        // A latent is in if its middle is.
        const first = Math.max(Math.ceil(from - 0.5), left);
        const last = Math.min(Math.floor(to - 0.5), right);
        const start = (row - top) * this.width - left;
        if (first <= last) this.held.fill(on ? 255 : 0, start + first, start + last + 1);
      }
    }
    this.trim();
    return true;
  }

  /** @param {Span} span that must fit in */
  grow(span) {
    const before = this.span;
    const all = before ? joined(before, span) : span;
    const [width, height] = [all.right - all.left + 1, all.bottom - all.top + 1];
    if (width * height > MOST_LATENTS) return false;
    const held = new Uint8Array(width * height);
    for (let row = 0; before && row < this.height; row++) {
      const start = (row + before.top - all.top) * width + before.left - all.left;
      held.set(this.held.subarray(row * this.width, (row + 1) * this.width), start);
    }
    this.span = all;
    this.held = held;
    return true;
  }

  /** Nothing around what it holds. */
  trim() {
    const { span, width, height, held } = this;
    if (!span) return;
    const [first, last] = [held.indexOf(255), held.lastIndexOf(255)];
    if (first < 0) {
      this.span = null;
      this.held = new Uint8Array(0);
      return;
    }
    const [top, bottom] = [Math.floor(first / width), Math.floor(last / width)];
    let [left, right] = [width, 0];
    for (let index = first; index <= last; index++) {
      if (!held[index]) continue;
      left = Math.min(left, index % width);
      right = Math.max(right, index % width);
    }
    if (!left && !top && right === width - 1 && bottom === height - 1) return;
    const rows = [];
    for (let row = top; row <= bottom; row++)
      rows.push(held.slice(row * width + left, row * width + right + 1));
    this.held = new Uint8Array(rows.length * (right - left + 1));
    for (const [index, row] of rows.entries()) this.held.set(row, index * row.length);
    this.span = {
      left: span.left + left,
      right: span.left + right,
      top: span.top + top,
      bottom: span.top + bottom,
    };
  }

  /** The rectangle around it in metres. @returns {Box | null} */
  bounds() {
    return this.span && this.grid.around(this.span);
  }

  /** The tiles that it touches. @returns {Tile[]} */
  tiles() {
    /** @type {Map<string, Tile>} */
    const touched = new Map();
    const { left = 0, top = 0 } = this.span ?? {};
    for (let index = 0; index < this.held.length; index++) {
      if (!this.held[index]) continue;
      const x = Math.floor((left + (index % this.width)) / SIDE);
      const y = Math.floor((top + Math.floor(index / this.width)) / SIDE);
      touched.set(`${x},${y}`, [this.zoom, x, y]);
    }
    return [...touched.values()];
  }

  /** The lines around it, as few as there are straight ones. @returns {[number, number][][]} y before x */
  outline() {
    const { width, height } = this;
    const { left = 0, top = 0 } = this.span ?? {};
    /** @param {number} column @param {number} row */
    const at = (column, row) =>
      column >= 0 && row >= 0 && column < width && row < height ? this.held[row * width + column] : 0;
    /** @param {number} column @param {number} row */
    const corner = (column, row) => this.grid.corner(left + column, top + row);
    /** @type {[number, number][][]} */
    const lines = [];
    for (let row = 0; row <= height && width; row++) {
      for (const [from, to] of runs(width, (each) => at(each, row) !== at(each, row - 1))) {
        lines.push([corner(from, row), corner(to, row)]);
      }
    }
    for (let column = 0; column <= width && width; column++) {
      for (const [from, to] of runs(height, (each) => at(column, each) !== at(column - 1, each))) {
        lines.push([corner(column, from), corner(column, to)]);
      }
    }
    return lines;
  }

  /** As it is sent. @returns {Mask | null} */
  mask() {
    if (!this.span) return null;
    const [y, x] = this.grid.corner(this.span.left, this.span.top);
    const { zoom, width, height, held: weights } = this;
    return { zoom, corner: [x, y], width, height, weights, tiles: this.tiles() };
  }
}

/** @param {Place[]} points @param {number} far @returns {Span} */
function around(points, far) {
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return {
    left: Math.floor(Math.min(...xs) - far),
    top: Math.floor(Math.min(...ys) - far),
    right: Math.floor(Math.max(...xs) + far),
    bottom: Math.floor(Math.max(...ys) + far),
  };
}

/** @param {Span} a @param {Span} b @returns {Span} */
const joined = (a, b) => ({
  left: Math.min(a.left, b.left),
  top: Math.min(a.top, b.top),
  right: Math.max(a.right, b.right),
  bottom: Math.max(a.bottom, b.bottom),
});

/** The parts of a line from left to right that lie inside a ring, by its winding.
 * @param {Place[]} ring @param {number} y @returns {[number, number][]} */
function inside(ring, y) {
  const crossings = ring.flatMap(([x1, y1], index) => {
    const [x2, y2] = ring[(index + 1) % ring.length];
    if (y1 <= y === y2 <= y) return [];
    return [{ x: x1 + ((y - y1) / (y2 - y1)) * (x2 - x1), turn: y2 > y1 ? 1 : -1 }];
  });
  crossings.sort((a, b) => a.x - b.x);
  /** @type {[number, number][]} */
  const found = [];
  let winding = 0;
  for (const [index, { x, turn }] of crossings.entries()) {
    if (winding) found.push([crossings[index - 1].x, x]);
    winding += turn;
  }
  return found;
}

/** The part of a line from left to right that is as near to a piece of a path as ``far``.
 * @param {Place} from @param {Place} to @param {number} y @param {number} far @returns {[number, number][]} */
function near([x1, y1], [x2, y2], y, far) {
  /** @type {number[]} */
  const edges = [];
  for (const [x, middle] of [
    [x1, y1],
    [x2, y2],
  ]) {
    const half = Math.sqrt(far ** 2 - (y - middle) ** 2);
    if (half >= 0) edges.push(x - half, x + half);
  }
  const long = Math.hypot(x2 - x1, y2 - y1);
  if (long) {
    const [dx, dy] = [((y2 - y1) / long) * far, ((x2 - x1) / long) * far];
    /** @type {Place[]} */
    const band = [
      [x1 - dx, y1 + dy],
      [x2 - dx, y2 + dy],
      [x2 + dx, y2 - dy],
      [x1 + dx, y1 - dy],
    ];
    edges.push(...inside(band, y).flat());
  }
  return edges.length ? [[Math.min(...edges), Math.max(...edges)]] : [];
}

/** Where something is true, as runs from..to. @param {number} many @param {(index: number) => boolean} true_
 * @returns {[number, number][]} */
function runs(many, true_) {
  /** @type {[number, number][]} */
  const found = [];
  for (let index = 0; index < many; index++) {
    if (!true_(index)) continue;
    const last = found[found.length - 1];
    if (last?.[1] === index) last[1] = index + 1;
    else found.push([index, index + 1]);
  }
  return found;
}
