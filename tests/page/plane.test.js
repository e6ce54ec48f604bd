import assert from "node:assert/strict";
import { test } from "node:test";
import { ahead, EARTH, Grid, wanted } from "../../assets/web/lib/plane.js";

const grid = new Grid(8);

test("the middle of the plane is the corner of four tiles", () => {
  assert.deepEqual(grid.at(1, -1), [128, 128]);
  assert.deepEqual(grid.at(-1, 1), [127, 127]);
  assert.deepEqual(grid.corner(128, 128), [0, 0]);
});

test("addresses go on beyond the square of the Earth", () => {
  assert.deepEqual(grid.at(-EARTH, EARTH), [-128, -128]);
  assert.deepEqual(new Grid(0).at(1e12, 0)[0], Math.floor(1e12 / EARTH + 0.5));
});

test("an edge that only meets a tile does not touch it", () => {
  const box = grid.around({ left: 3, top: 4, right: 5, bottom: 4 });
  assert.deepEqual(grid.touched(box), { left: 3, top: 4, right: 5, bottom: 4 });
  const [west, south, east, north] = box;
  assert.deepEqual(grid.touched([west - 1, south - 1, east + 1, north + 1]), {
    left: 2,
    top: 3,
    right: 6,
    bottom: 5,
  });
});

test("tiles of a row are one rectangle, and a shared edge is inside", () => {
  /** @type {Cell[]} */
  const tiles = [
    [2, 0],
    [1, 0],
    [1, 1],
  ];
  assert.equal(grid.areas(tiles).length, 2);
  assert.deepEqual(grid.areas(tiles)[0][0], grid.corner(1, 0));
  assert.deepEqual(grid.areas(tiles)[0][2], grid.corner(3, 1));
  assert.equal(grid.outline(tiles).length, 12 - 4); // two shared edges, each of two tiles
});

test("the view is wanted from its middle outwards, then the ring around it", () => {
  const tiles = wanted({ left: 0, top: 0, right: 768, bottom: 768 }, 8, 1, 900);
  assert.deepEqual(tiles[0], [8, 1, 1]);
  assert.equal(tiles.length, 25);
  const inside = tiles.slice(0, 9);
  assert.ok(inside.every(([, x, y]) => x >= 0 && x <= 2 && y >= 0 && y <= 2));
  assert.equal(wanted({ left: 0, top: 0, right: 25600, bottom: 25600 }, 8, 1, 900).length, 900);
});

test("the view after one more zoom keeps the point under the wheel where it is", () => {
  const view = { left: 1000, top: 2000, right: 1800, bottom: 2600 };
  const next = ahead(view, { x: 1200, y: 2100 }, 1);
  assert.deepEqual(next, { left: 2200, top: 4100, right: 3000, bottom: 4700 });
  assert.deepEqual(ahead(next, { x: 2400, y: 4200 }, -1), view);
});
