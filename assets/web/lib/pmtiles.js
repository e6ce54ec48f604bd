// @ts-check
// Tiles out of a PMTiles archive (version 3, github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md) by range
// requests. There is no library: this app's page is made of its own files and of what Python packages bring.

const HEADER = 127; // bytes
const FIRST = 16384; // bytes that hold the header and the root directory, as the format promises
const MOST_LEAVES = 64; // directories kept
const GZIP = 2;

/** @typedef {{id: number, run: number, offset: number, length: number}} Entry run 0: a directory */
/** @typedef {{root: [number, number], leaves: number, data: number, packed: boolean}} Header offsets in bytes */

/** The server gives whole files only. */
export class NoRanges extends Error {}

/** The archive is not there, or not one. */
export class NoArchive extends Error {}

/**
 * A tile's number in an archive: all zooms one after another, each along a Hilbert curve.
 * @param {number} z @param {number} x @param {number} y
 */
export function tileId(z, x, y) {
  let id = (4 ** z - 1) / 3;
  let [column, row] = [x, y];
  for (let level = z - 1; level >= 0; level--) {
    const side = 2 ** level;
    const [right, below] = [Math.floor(column / side) % 2, Math.floor(row / side) % 2];
    id += side * side * (right ? 3 - below : below);
    if (below) continue;
    if (right) {
      column = side - 1 - (column % side);
      row = side - 1 - (row % side);
    }
    [column, row] = [row, column];
  }
  return id;
}

/** @param {Uint8Array} bytes the first of an archive @returns {Header} */
export function readHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = new TextDecoder().decode(bytes.subarray(0, 7));
  if (bytes.length < HEADER || name !== "PMTiles" || bytes[7] !== 3) {
    throw new NoArchive("version");
  }
  /** @param {number} at */
  const number = (at) => Number(view.getBigUint64(at, true));
  return { root: [number(8), number(16)], leaves: number(40), data: number(56), packed: bytes[97] === GZIP };
}

/** @param {Uint8Array} bytes of a directory, unpacked @returns {Entry[]} by rising ids */
export function readDirectory(bytes) {
  let at = 0;
  function number() {
    let [value, scale] = [0, 1]; // shifts would cut numbers to 32 bits
    while (bytes[at] >= 128) {
      value += (bytes[at++] - 128) * scale;
      scale *= 128;
    }
    return value + bytes[at++] * scale;
  }
  const count = number();
  /** @type {Entry[]} */
  const entries = [];
  for (let i = 0, id = 0; i < count; i++) {
    id += number();
    entries.push({ id, run: 0, offset: 0, length: 0 });
  }
  for (const entry of entries) entry.run = number();
  for (const entry of entries) entry.length = number();
  for (let i = 0; i < count; i++) {
    const value = number();
    const before = entries[i - 1];
    entries[i].offset = value ? value - 1 : before.offset + before.length;
  }
  return entries;
}

/** The entry that holds a tile, or the directory that may. @param {Entry[]} entries @param {number} id */
export function find(entries, id) {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].id <= id) low = middle + 1;
    else high = middle;
  }
  const entry = entries[low - 1];
  return entry && (entry.run === 0 || id < entry.id + entry.run) ? entry : null;
}

/** One archive at an address. */
export class Archive {
  /** @param {string} url @param {typeof fetch} get */
  constructor(url, get = (...asked) => fetch(...asked)) {
    this.url = url;
    this.get = get;
    /** @type {Promise<{header: Header, root: Entry[]}> | null} */
    this.opened = null;
    /** @type {Map<number, Promise<Entry[]>>} */
    this.leaves = new Map();
  }

  /**
   * The encoded tile; null where there is none. Raises NoRanges, NoArchive, and what fetch raises.
   * @param {number} z @param {number} x @param {number} y
   */
  async tile(z, x, y) {
    this.opened ??= this.open();
    this.opened.catch(() => {
      this.opened = null; // the next tile tries again
    });
    const { header, root } = await this.opened;
    const id = tileId(z, x, y);
    let entry = find(root, id);
    while (entry && entry.run === 0) entry = find(await this.leaf(header, entry), id);
    return entry && this.range(header.data + entry.offset, entry.length);
  }

  async open() {
    const first = await this.range(0, FIRST);
    const header = readHeader(first);
    const [start, length] = header.root;
    return { header, root: readDirectory(await unpacked(first.subarray(start, start + length), header)) };
  }

  /** @param {Header} header @param {Entry} entry */
  leaf(header, { offset, length }) {
    let found = this.leaves.get(offset);
    this.leaves.delete(offset);
    found ??= this.range(header.leaves + offset, length)
      .then((bytes) => unpacked(bytes, header))
      .then(readDirectory);
    found.catch(() => this.leaves.delete(offset));
    this.leaves.set(offset, found); // the one used last
    for (const old of [...this.leaves.keys()].slice(0, -MOST_LEAVES)) this.leaves.delete(old);
    return found;
  }

  /** @param {number} start @param {number} length @returns {Promise<Uint8Array<ArrayBuffer>>} */
  async range(start, length) {
    const stop = new AbortController();
    const headers = { Range: `bytes=${start}-${start + length - 1}` };
    const answer = await this.get(this.url, { headers, signal: stop.signal });
    if (answer.status === 206) return new Uint8Array(await answer.arrayBuffer());
    stop.abort(); // what else comes could be gigabytes
    if (answer.status === 200) throw new NoRanges(this.url);
    throw new NoArchive(`${answer.status}`);
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {Header} header */
async function unpacked(bytes, { packed }) {
  if (!packed) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
