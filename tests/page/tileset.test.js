import assert from "node:assert/strict";
import { test } from "node:test";
import { Grid } from "../../assets/web/lib/plane.js";
import { MOST_TILES, TileSet } from "../../assets/web/lib/tileset.js";

const grid = new Grid(8);

test("tiles are chosen, added and taken away", () => {
  const chosen = new TileSet(grid);
  chosen.choose([1, 1]);
  chosen.toggle([2, 1]);
  chosen.toggle([1, 1]);
  assert.deepEqual(chosen.told().tiles, [[8, 2, 1]]);
  assert.deepEqual(chosen.bounds(), grid.around({ left: 2, top: 1, right: 2, bottom: 1 }));
  chosen.toggle([2, 1]);
  assert.deepEqual(chosen.told(), { count: 0, tiles: [], bounds: null });
});

test("a rectangle replaces what was chosen, or is added to it", () => {
  const chosen = new TileSet(grid);
  chosen.choose([9, 9]);
  chosen.take({ left: 0, top: 0, right: 1, bottom: 1 }, true);
  assert.equal(chosen.count, 5);
  chosen.take({ left: 0, top: 0, right: 1, bottom: 1 }, false);
  assert.equal(chosen.count, 4);
});

test("a rectangle of very many tiles is counted, and not listed", () => {
  const chosen = new TileSet(grid);
  chosen.take({ left: 0, top: 0, right: MOST_TILES, bottom: 0 }, false);
  assert.equal(chosen.count, MOST_TILES + 1);
  assert.deepEqual(chosen.told().tiles, []);
  assert.deepEqual(chosen.bounds(), grid.around({ left: 0, top: 0, right: MOST_TILES, bottom: 0 }));
  chosen.toggle([0, 0]);
  assert.equal(chosen.count, 1);
});
