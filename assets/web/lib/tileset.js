// @ts-check
// The tiles that are chosen. A rectangle of very many is kept as a rectangle: drawn tile by tile it
// would be slow.

export const MOST_TILES = 4096;

export class TileSet {
  /** @param {import("./plane.js").Grid} grid */
  constructor(grid) {
    this.grid = grid;
    /** @type {Map<string, Cell>} */
    this.tiles = new Map();
    /** @type {Span | null} */
    this.block = null; // instead of tiles, where they are too many
  }

  get count() {
    if (!this.block) return this.tiles.size;
    const { left, top, right, bottom } = this.block;
    return (right - left + 1) * (bottom - top + 1);
  }

  /** @param {Cell} tile */
  toggle(tile) {
    this.block = null;
    if (!this.tiles.delete(tile.join(","))) this.tiles.set(tile.join(","), tile);
  }

  /** This one alone. @param {Cell} tile */
  choose(tile) {
    this.clear();
    this.tiles.set(tile.join(","), tile);
  }

  /** All of a block, beside those chosen before or instead of them. @param {Span} span @param {boolean} more */
  take(span, more) {
    if (!more) this.clear();
    this.block = span;
    if (this.count > MOST_TILES) return this.tiles.clear();
    this.block = null;
    for (let y = span.top; y <= span.bottom; y++) {
      for (let x = span.left; x <= span.right; x++) this.tiles.set(`${x},${y}`, [x, y]);
    }
  }

  clear() {
    this.tiles.clear();
    this.block = null;
  }

  /** @returns {Box | null} the rectangle around all of them, in metres */
  bounds() {
    if (this.block) return this.grid.around(this.block);
    if (!this.tiles.size) return null;
    const [xs, ys] = [0, 1].map((axis) => [...this.tiles.values()].map((tile) => tile[axis]));
    return this.grid.around({
      left: Math.min(...xs),
      top: Math.min(...ys),
      right: Math.max(...xs),
      bottom: Math.max(...ys),
    });
  }

  /** What the page is told of it. */
  told() {
    const tiles = [...this.tiles.values()].map(([x, y]) => /** @type {Tile} */ ([this.grid.zoom, x, y]));
    return { count: this.count, tiles, bounds: this.bounds() };
  }
}
