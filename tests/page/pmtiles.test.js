import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Archive, find, NoArchive, NoRanges, readDirectory, tileId } from "../../assets/web/lib/pmtiles.js";

test("ids are those of the format", () => {
  assert.equal(tileId(0, 0, 0), 0);
  assert.deepEqual([tileId(1, 0, 0), tileId(1, 0, 1), tileId(1, 1, 1), tileId(1, 1, 0)], [1, 2, 3, 4]);
  assert.equal(tileId(2, 0, 0), 5);
  assert.equal(tileId(12, 3423, 1763), 19078479); // the specification's own example
});

test("ids of a zoom fill it without a gap, each a neighbour of the one before", () => {
  const zoom = 5;
  const places = new Map();
  for (let x = 0; x < 32; x++) for (let y = 0; y < 32; y++) places.set(tileId(zoom, x, y), [x, y]);
  const first = (4 ** zoom - 1) / 3;
  for (let id = first; id < first + 4 ** zoom; id++) assert.ok(places.has(id));
  for (let id = first + 1; id < first + 4 ** zoom; id++) {
    const [[x, y], [before, above]] = [places.get(id), places.get(id - 1)];
    assert.equal(Math.abs(x - before) + Math.abs(y - above), 1);
  }
});

test("ids of the deepest zoom are whole numbers", () => {
  const last = tileId(22, 2 ** 22 - 1, 0);
  assert.equal(last, (4 ** 23 - 1) / 3 - 1);
  assert.ok(Number.isSafeInteger(last));
});

/** @param {number} value */
function varint(value) {
  const bytes = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) + 128);
  }
}

/** @param {{id: number, run: number, offset: number, length: number}[]} entries */
function directory(entries) {
  const ids = entries.map(({ id }, i) => id - (i ? entries[i - 1].id : 0));
  const columns = [
    ids,
    entries.map((e) => e.run),
    entries.map((e) => e.length),
    entries.map((e) => e.offset + 1),
  ];
  return new Uint8Array([entries.length, ...columns.flat()].flatMap(varint));
}

test("a directory holds numbers beyond 32 bits, and finds what lies in a run", () => {
  const entries = [
    { id: 3, run: 2, offset: 0, length: 9 },
    { id: 2 ** 41, run: 1, offset: 2 ** 35, length: 300 },
  ];
  const read = readDirectory(directory(entries));
  assert.deepEqual(read, entries);
  assert.equal(find(read, 4), read[0]);
  assert.equal(find(read, 5), null);
  assert.equal(find(read, 2), null);
  assert.equal(find(read, 2 ** 41), read[1]);
});

/** An archive of one tile, whose entry lies in a leaf. */
function archive() {
  const leaf = gzipSync(directory([{ id: tileId(3, 5, 2), run: 1, offset: 0, length: 4 }]));
  const root = gzipSync(directory([{ id: tileId(3, 0, 0), run: 0, offset: 0, length: leaf.length }]));
  const bytes = new Uint8Array(127 + root.length + leaf.length + 4);
  bytes.set(new TextEncoder().encode("PMTiles"));
  bytes[7] = 3;
  bytes[97] = 2;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, 127n, true);
  view.setBigUint64(16, BigInt(root.length), true);
  view.setBigUint64(40, BigInt(127 + root.length), true);
  view.setBigUint64(56, BigInt(127 + root.length + leaf.length), true);
  bytes.set(root, 127);
  bytes.set(leaf, 127 + root.length);
  bytes.set([1, 2, 3, 4], 127 + root.length + leaf.length);
  return bytes;
}

/** @param {Uint8Array} bytes @param {number} status @param {string[]} asked */
const served =
  (bytes, status, asked) =>
  async (/** @type {any} */ _url, /** @type {any} */ { headers }) => {
    asked.push(headers.Range);
    const [start, end] = headers.Range.match(/\d+/g).map(Number);
    return new Response(bytes.slice(start, end + 1), { status });
  };

test("a tile takes a request for the beginning, one for its directory and one for itself", async () => {
  /** @type {string[]} */
  const asked = [];
  const tiles = new Archive("land.pmtiles", served(archive(), 206, asked));
  const [tile, none] = await Promise.all([tiles.tile(3, 5, 2), tiles.tile(3, 5, 3)]);
  assert.deepEqual(tile, new Uint8Array([1, 2, 3, 4]));
  assert.equal(none, null);
  assert.equal(asked.length, 3);
  assert.equal(asked[0], "bytes=0-16383");
  assert.equal(await tiles.tile(1, 0, 0), null);
});

test("a server that sends whole files, or none, is told apart", async () => {
  await assert.rejects(new Archive("x", served(archive(), 200, [])).tile(0, 0, 0), NoRanges);
  await assert.rejects(new Archive("x", served(archive(), 404, [])).tile(0, 0, 0), NoArchive);
  await assert.rejects(new Archive("x", served(new Uint8Array(200), 206, [])).tile(0, 0, 0), NoArchive);
});

test("what failed once is tried again", async () => {
  let failing = true;
  const good = served(archive(), 206, []);
  const tiles = new Archive("x", async (...given) => {
    if (failing) throw new TypeError("offline");
    return good(...given);
  });
  await assert.rejects(tiles.tile(3, 5, 2), TypeError);
  failing = false;
  assert.equal((await tiles.tile(3, 5, 2))?.length, 4);
});
