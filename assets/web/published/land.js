// @ts-check
// The land of a published world: tiles out of its archives, or the tile above, enlarged.
import { Archive } from "../lib/pmtiles.js";

const RETRY = 5000; // ms
const KEPT = 200; // pictures kept, for tiles beside and below them

/** @typedef {{square: [number, number], file: string}} Placed an archive and its square of the plane */
/** @typedef {L.GridLayerOptions & {archives: Placed[], folder: string, from: number, deepest: number, failed: (error: any) => void}} PublishedOptions */

/** The pictures of all archives. Each square of the plane has its own, with addresses from its corner. */
export class Pictures {
  /** @param {Placed[]} archives @param {string} folder that they lie in */
  constructor(archives, folder) {
    this.archives = new Map(
      archives.map(({ square, file }) => [square.join("/"), new Archive(new URL(file, folder).href)]),
    );
    /** @type {Map<string, Promise<ImageBitmap | null>>} */
    this.kept = new Map();
  }

  /** @param {number} z @param {number} x @param {number} y */
  at(z, x, y) {
    const key = `${z}/${x}/${y}`;
    let found = this.kept.get(key);
    this.kept.delete(key);
    found ??= this.read(z, x, y);
    found.catch(() => this.kept.delete(key));
    this.kept.set(key, found); // the one used last
    for (const old of [...this.kept.keys()].slice(0, -KEPT)) this.kept.delete(old);
    return found;
  }

  /** @param {number} z @param {number} x @param {number} y */
  async read(z, x, y) {
    const side = 2 ** z;
    const [column, row] = [Math.floor(x / side), Math.floor(y / side)];
    const archive = this.archives.get(`${column}/${row}`);
    const bytes = await archive?.tile(z, x - column * side, y - row * side);
    return bytes ? createImageBitmap(new Blob([bytes])) : null;
  }
}

export class PublishedLand extends L.GridLayer {
  /** @param {PublishedOptions} options from: the coarsest zoom that deeper tiles may be enlarged from */
  constructor(options) {
    super({ ...options, tileSize: 256, keepBuffer: 3, updateWhenZooming: false });
    this.pictures = new Pictures(options.archives, options.folder);
    this.from = options.from;
    this.deepest = options.deepest;
    this.failed = options.failed;
    /** @type {Set<HTMLElement>} */
    this.shown = new Set();
    this.on("tileunload", (event) => this.shown.delete(event.tile));
  }

  /** @param {L.Coords} coords @param {L.DoneCallback} done */
  createTile(coords, done) {
    const canvas = L.DomUtil.create("canvas", "land");
    canvas.width = 256;
    canvas.height = 256;
    this.shown.add(canvas);
    this.load(coords, canvas, done);
    return canvas;
  }

  /** @param {L.Coords} coords @param {HTMLCanvasElement} canvas @param {L.DoneCallback} done */
  async load(coords, canvas, done) {
    try {
      await this.draw(coords, canvas);
      done(undefined, canvas);
    } catch (error) {
      this.failed(error);
      setTimeout(() => this.shown.has(canvas) && this.load(coords, canvas, done), RETRY);
    }
  }

  /** Nothing is drawn where nothing is painted. @param {L.Coords} coords @param {HTMLCanvasElement} canvas */
  async draw({ z, x, y }, canvas) {
    for (let zoom = Math.min(z, this.deepest); zoom >= Math.min(z, this.from); zoom--) {
      const parts = 2 ** (z - zoom); // along a side of the tile above
      const [column, row] = [Math.floor(x / parts), Math.floor(y / parts)];
      const picture = await this.pictures.at(zoom, column, row);
      if (!picture) continue;
      const side = picture.width / parts;
      const [left, top] = [(x - column * parts) * side, (y - row * parts) * side];
      canvas.getContext("2d")?.drawImage(picture, left, top, side, side, 0, 0, 256, 256);
      return;
    }
  }
}
