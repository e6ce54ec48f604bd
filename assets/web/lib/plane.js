// @ts-check
// The plane of the map and its tiles, as numbers: web mercator metres that go on without edge. The
// scale is that of web map tiles, so addresses inside the square are those every GIS tool knows.

export const EARTH = 2 * Math.PI * 6378137; // metres around
export const TILE = 256; // pixels of a tile's side

const MEETS = 1e-6; // of a tile's side: an edge that near to a tile's own is on it

/** Metres of a pixel. @param {number} zoom */
export const metresPerPixel = (zoom) => EARTH / TILE / 2 ** zoom;

/** The tiles of one zoom. */
export class Grid {
  /** @param {number} zoom */
  constructor(zoom) {
    this.zoom = zoom;
    this.side = EARTH / 2 ** zoom; // metres
  }

  /**
   * The tile that holds a point.
   * @param {number} x @param {number} y @returns {Cell}
   */
  at(x, y) {
    return [Math.floor((x + EARTH / 2) / this.side), Math.floor((EARTH / 2 - y) / this.side)];
  }

  /**
   * The upper left corner of a tile, y before x, as Leaflet writes places.
   * @param {number} column @param {number} row @returns {[number, number]}
   */
  corner(column, row) {
    return [EARTH / 2 - row * this.side, column * this.side - EARTH / 2];
  }

  /**
   * The tiles that a rectangle touches. An edge that only meets a tile is not in it.
   * @param {Box} box @returns {Span}
   */
  touched([west, south, east, north]) {
    /** @param {number} edge metres from the upper left of the plane */
    const first = (edge) => Math.floor(edge / this.side + MEETS);
    /** @param {number} edge */
    const last = (edge) => Math.ceil(edge / this.side - MEETS) - 1;
    const [left, top] = [first(west + EARTH / 2), first(EARTH / 2 - north)];
    const [right, bottom] = [last(east + EARTH / 2), last(EARTH / 2 - south)];
    return { left, top, right: Math.max(left, right), bottom: Math.max(top, bottom) };
  }

  /** @param {Span} span @returns {Box} */
  around({ left, top, right, bottom }) {
    const [north, west] = this.corner(left, top);
    const [south, east] = this.corner(right + 1, bottom + 1);
    return [west, south, east, north];
  }

  /**
   * Tiles as few rectangles: one for each run of them in a row.
   * @param {Iterable<Cell>} tiles @returns {[number, number][][]} rings of corners
   */
  areas(tiles) {
    const sorted = [...tiles].sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    /** @type {{y: number, start: number, end: number}[]} */
    const runs = [];
    for (const [x, y] of sorted) {
      const run = runs[runs.length - 1];
      if (run && run.y === y && run.end === x) run.end = x + 1;
      else runs.push({ y, start: x, end: x + 1 });
    }
    return runs.map(({ y, start, end }) => this.ring({ left: start, top: y, right: end - 1, bottom: y }));
  }

  /** The corners of a block of tiles. @param {Span} span @returns {[number, number][]} */
  ring({ left, top, right, bottom }) {
    return [
      this.corner(left, top),
      this.corner(right + 1, top),
      this.corner(right + 1, bottom + 1),
      this.corner(left, bottom + 1),
    ];
  }

  /**
   * The lines around a set of tiles: edges that two of them share are inside.
   * @param {Iterable<Cell>} tiles @returns {[number, number][][]}
   */
  outline(tiles) {
    /** @type {Map<string, [number, number][]>} */
    const edges = new Map();
    /** @param {string} key @param {[number, number][]} line */
    const toggle = (key, line) => edges.delete(key) || edges.set(key, line);
    for (const [x, y] of tiles) {
      for (const row of [y, y + 1]) toggle(`h${x},${row}`, [this.corner(x, row), this.corner(x + 1, row)]);
      for (const column of [x, x + 1]) {
        toggle(`v${column},${y}`, [this.corner(column, y), this.corner(column, y + 1)]);
      }
    }
    return [...edges.values()];
  }
}

/**
 * The tiles of a view, those nearest to its middle first, then the ring around it.
 * @param {{left: number, top: number, right: number, bottom: number}} pixels the view on the plane, at its zoom
 * @param {number} zoom
 * @param {number} ring tiles around the view that are wanted as well
 * @param {number} most
 * @returns {Tile[]}
 */
export function wanted(pixels, zoom, ring, most) {
  const view = {
    left: Math.floor(pixels.left / TILE),
    top: Math.floor(pixels.top / TILE),
    right: Math.floor((pixels.right - 1) / TILE),
    bottom: Math.floor((pixels.bottom - 1) / TILE),
  };
  const middle = { x: (pixels.left + pixels.right) / 2 / TILE, y: (pixels.top + pixels.bottom) / 2 / TILE };
  /** @type {{tile: Tile, order: number}[]} */
  const found = [];
  for (let y = view.top - ring; y <= view.bottom + ring; y++) {
    for (let x = view.left - ring; x <= view.right + ring; x++) {
      const outside = x < view.left || x > view.right || y < view.top || y > view.bottom;
      const far = Math.hypot(x + 0.5 - middle.x, y + 0.5 - middle.y);
      found.push({ tile: [zoom, x, y], order: (outside ? 1e6 : 0) + far });
    }
  }
  found.sort((a, b) => a.order - b.order);
  return found.slice(0, most).map((each) => each.tile);
}

/**
 * The view after one more zoom about a point that stays where it is.
 * @param {{left: number, top: number, right: number, bottom: number}} pixels the view on the plane, at its zoom
 * @param {{x: number, y: number}} point on the plane, at the same zoom
 * @param {number} step 1: in, -1: out
 */
export function ahead({ left, top, right, bottom }, { x, y }, step) {
  const [dx, dy] = [x * 2 ** step - x, y * 2 ** step - y];
  return { left: left + dx, top: top + dy, right: right + dx, bottom: bottom + dy };
}
