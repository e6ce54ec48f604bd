// @ts-check
// A layer of tiles, each showing the newest pixels known of it. A tile that is not painted never
// reports itself loaded, so Leaflet keeps showing the coarser tile that was there before.
import { Revisions } from "../lib/revisions.js";
import { rooted } from "../lib/root.js";

const FADE = 450; // ms until the picture before may go
const RETRY = 3000; // ms
const DENSE = 1.5; // pixels of the screen a pixel of the page, from which a tile of 256 looks soft

/** @typedef {{element: HTMLElement, done: (error: any, element: HTMLElement) => void, shown: number, loading: number}} Live */
/** @typedef {L.GridLayerOptions & {world: string, path: string, stamp: string, denseTo?: number}} LandOptions */

export class Land extends L.GridLayer {
  /**
   * Tiles coarser than the zoom `denseTo` have twice the pixels on a dense screen: they are made of painted land, so
   * the pixels are there. From that zoom on they would have to be painted first.
   * @param {LandOptions} options
   */
  constructor(options) {
    super({ ...options, tileSize: 256, keepBuffer: 3, updateWhenZooming: false });
    this.source = rooted(`/worlds/${options.world}/${options.path}`);
    this.stamp = options.stamp;
    this.denseTo = window.devicePixelRatio >= DENSE ? (options.denseTo ?? 0) : 0;
    this.revisions = new Revisions();
    /** @type {Map<string, Live>} */
    this.live = new Map();
    this.on("tileunload", (event) => this.live.delete(this.key(event.coords)));
  }

  /** @param {L.Coords} coords */
  key({ z, x, y }) {
    return `${z}/${x}/${y}`;
  }

  /** @param {L.Coords} coords @param {any} done */
  createTile(coords, done) {
    const element = L.DomUtil.create("div", "land");
    element.appendChild(L.DomUtil.create("div", "spinner"));
    const key = this.key(coords);
    this.live.set(key, { element, done, shown: 0, loading: 0 });
    this.load(key);
    return element;
  }

  /** What the feed says of a tile. @param {string} key @param {number} revision */
  hear(key, revision) {
    if (this.revisions.hear(key, revision)) this.load(key);
  }

  /** @param {string} key */
  painting(key) {
    const tile = this.live.get(key);
    if (tile && !tile.shown) tile.element.classList.add("painting");
  }

  /** @param {string} key @param {string} message */
  failed(key, message) {
    const tile = this.live.get(key);
    if (!tile) return;
    tile.element.classList.remove("painting");
    tile.element.classList.add("failed");
    tile.element.title = message;
  }

  /** @param {string} key */
  load(key) {
    const tile = this.live.get(key);
    const revision = this.revisions.of(key);
    if (!tile || revision <= tile.shown || revision <= tile.loading) return;
    tile.loading = revision;
    const image = new Image(256, 256);
    image.alt = "";
    image.onload = () => this.show(key, tile, image, revision);
    image.onerror = () => {
      tile.loading = tile.shown;
      setTimeout(() => this.live.get(key) === tile && this.load(key), RETRY);
    };
    const pixels = Number.parseInt(key, 10) < this.denseTo ? "@2x" : "";
    image.src = `${this.source}/${key}${pixels}.webp?v=${this.stamp}.${revision}`;
  }

  /** @param {string} key @param {Live} tile @param {HTMLImageElement} image @param {number} revision */
  show(key, tile, image, revision) {
    if (this.live.get(key) !== tile || revision < tile.shown) return;
    const first = !tile.shown;
    tile.shown = revision;
    tile.element.classList.remove("painting", "failed");
    tile.element.removeAttribute("title");
    image.classList.add("fresh");
    tile.element.appendChild(image);
    // The older picture stays beneath until the new one has faded in.
    setTimeout(() => {
      image.classList.remove("fresh");
      while (image.previousSibling) image.previousSibling.remove();
    }, FADE);
    if (first) tile.done(null, tile.element);
  }
}
