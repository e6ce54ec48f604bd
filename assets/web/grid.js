// The plane of the map, its base tiles, and how sets of them are drawn.
"use strict";

// Web mercator metres as plain coordinates (lng = x, lat = y), without wrap or bounds. The scale is
// that of web map tiles, so tile addresses inside the square are those every GIS tool knows.
const EARTH = 2 * Math.PI * 6378137;
L.CRS.Plane = L.extend({}, L.CRS, {
  code: "EPSG:3857",
  infinite: true,
  projection: L.Projection.LonLat,
  transformation: new L.Transformation(1 / EARTH, 0.5, -1 / EARTH, 0.5),
  distance: (a, b) => Math.hypot(b.lng - a.lng, b.lat - a.lat),
});

// west, south, east, north
const metres = (bounds) => [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];

// The tiles of one zoom.
class Grid {
  constructor(zoom) {
    this.zoom = zoom;
    this.side = EARTH / 2 ** zoom;
  }

  at(place) {
    return [Math.floor((place.lng + EARTH / 2) / this.side), Math.floor((EARTH / 2 - place.lat) / this.side)];
  }

  // The upper left corner of a tile, as Leaflet says places.
  corner(x, y) {
    return [EARTH / 2 - y * this.side, x * this.side - EARTH / 2];
  }

  // First and last column and row of the tiles that a rectangle touches.
  touched(bounds) {
    const [left, top] = this.at(bounds.getNorthWest());
    const last = (edge) => Math.ceil(edge / this.side) - 1; // an edge that only meets a tile is not in it
    const right = last(bounds.getEast() + EARTH / 2);
    const bottom = last(EARTH / 2 - bounds.getSouth());
    return { left, top, right: Math.max(left, right), bottom: Math.max(top, bottom) };
  }

  around({ left, top, right, bottom }) {
    return L.latLngBounds(this.corner(left, top), this.corner(right + 1, bottom + 1));
  }

  // Tiles as few rectangles: one for each run of them in a row.
  areas(tiles) {
    const sorted = [...tiles].sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    const runs = [];
    for (const [x, y] of sorted) {
      const run = runs[runs.length - 1];
      if (run && run.y === y && run.end === x) run.end = x + 1;
      else runs.push({ y, start: x, end: x + 1 });
    }
    return runs.map(({ y, start, end }) => [this.corner(start, y), this.corner(end, y), this.corner(end, y + 1), this.corner(start, y + 1)]);
  }

  // The lines around a set of tiles: edges that two of them share are inside.
  outline(tiles) {
    const edges = new Map();
    const toggle = (key, line) => (edges.has(key) ? edges.delete(key) : edges.set(key, line));
    for (const [x, y] of tiles) {
      for (const row of [y, y + 1]) toggle(`h${x},${row}`, [this.corner(x, row), this.corner(x + 1, row)]);
      for (const column of [x, x + 1]) toggle(`v${column},${y}`, [this.corner(column, y), this.corner(column, y + 1)]);
    }
    return [...edges.values()];
  }
}

// A drawing that follows the map and is never in the pointer's way. The renderer draws well beyond the
// view, so that panning uncovers what is there.
function drawing(map) {
  map.overlays = map.overlays || L.svg({ padding: 0.5 });
  return { interactive: false, noClip: true, smoothFactor: 0, renderer: map.overlays };
}

// Tiles of edits: those that wait pulse, those that are painted are steady, until the edit is over.
class Marks {
  constructor(map, grid) {
    Object.assign(this, { grid, states: new Map(), drawn: true });
    const style = { ...drawing(map), stroke: false };
    this.shapes = Object.fromEntries(
      ["editing", "edited"].map((state) => [state, L.polygon([], { ...style, className: state }).addTo(map)]),
    );
  }

  // What the feed says of one tile.
  tell(state, [, x, y]) {
    if (state === "settled") this.states.delete(`${x},${y}`);
    else this.states.set(`${x},${y}`, { state, tile: [x, y] });
    this.later();
  }

  // All tiles of edits in progress: what is not among them is over.
  reset(tiles) {
    const before = this.states;
    this.states = new Map();
    for (const [, x, y] of tiles) {
      const key = `${x},${y}`;
      this.states.set(key, before.get(key) || { state: "editing", tile: [x, y] });
    }
    this.later();
  }

  // News come in bursts: they are drawn together.
  later() {
    if (!this.drawn) return;
    this.drawn = false;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.drawn = true;
    for (const [state, shape] of Object.entries(this.shapes)) {
      const tiles = [...this.states.values()].filter((each) => each.state === state).map((each) => each.tile);
      shape.setLatLngs(this.grid.areas(tiles).map((ring) => [ring]));
    }
  }
}
