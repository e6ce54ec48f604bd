// @ts-check
// The map: layers of land on an endless plane, fed over one WebSocket, in a frame of the page.

import { step } from "../lib/keys.js";
import { phrase } from "../lib/phrases.js";
import { formatPlace, parsePlace } from "../lib/place.js";
import { ahead, Grid, wanted } from "../lib/plane.js";
import { rooted } from "../lib/root.js";
import * as words from "../lib/words.js";
import { Brush } from "./brush.js";
import { addControl } from "./buttons.js";
import { takeDrops } from "./drops.js";
import { Feed } from "./feed.js";
import { Land } from "./land.js";
import { Marks } from "./marks.js";
import { Overview } from "./overview.js";
import { OwnPicture } from "./ownpicture.js";
import { Paper, ToLand } from "./paper.js";
import { Pen } from "./pen.js";
import { PlaceCard } from "./placecard.js";
import { latLngs, metres, still } from "./plane.js";
import { Preview } from "./preview.js";
import { Region } from "./region.js";
import { Scale } from "./scale.js";
import { Selection } from "./selection.js";
import { Stamp } from "./stamp.js";
import { stay } from "./stay.js";
import { Tools } from "./tools.js";

const PREFETCH = 1; // rings of tiles around the view that are painted ahead
const MOST_STEPS = 3; // zooms that one turn of the wheel may go
const SKETCH_ZOOMS = 8; // by which the sketch is enlarged at most
const WANT_LIMIT = 900;
const ROOM = 200; // px above the page's sheet that the zoom's words need, beside the buttons
const SETTLE = 300; // ms after an edit's end, before what is in progress is asked for again

class EarthMap {
  /** @param {L.Map} map @param {MapOptions} options */
  constructor(map, options) {
    this.map = map;
    this.options = options;
    this.covered = 0; // px at the lower edge, under the page's sheet
    const grid = new Grid(options.base);
    /** @param {Told} told */
    const tell = (told) => this.post(told);
    this.marks = new Marks(map);
    this.preview = new Preview(map);
    this.own = new OwnPicture(map, { base: options.base, seen: () => this.seen() }, tell);
    takeDrops(map, tell);
    this.card = new PlaceCard(map, grid, tell);
    this.selection = new Selection(map, grid, tell, (place) => this.card.show(place));
    this.brush = new Brush(map, this.selection, tell);
    this.zoom = map.getZoom();
    this.turn = 0; // 1: people zoom in, -1: they zoom out, 0: they pan
    /** @type {L.LatLng | null} */
    this.wheel = null; // where it was turned since the map moved last
    this.about = map.getCenter(); // where the next turn is likely to be
    this.region = new Region(map, this.selection, options, tell);
    this.stamp = new Stamp(map, this.selection, tell);
    new Pen(map, this.selection, [this.brush, this.region]);
    stay(map);
    this.goTo(location.hash, false);
    this.layers();
    this.controls();
    this.overview = new Overview(map, options);
    this.tools = new Tools(map, this.selection, options.highest);
    this.feed = new Feed(options.world, (message) => this.hear(message));
    map.on("moveend resize", () => this.moved());
    window.addEventListener("message", (event) => this.command(event));
    window.addEventListener("hashchange", () => this.goTo(location.hash, true));
    window.addEventListener("keydown", (event) => this.key(event));
    this.post({ type: "ready", base: options.base, deepest: options.deepest });
    this.moved();
  }

  // On the paper lies the sketch: it is there first and shows what will come. The land lies over both.
  layers() {
    const { world, stamp, base, sketch, lowest, highest } = this.options;
    new Paper({ tileSize: 256, minZoom: lowest, maxZoom: highest, zIndex: 0 }).addTo(this.map);
    const shared = { world, stamp, maxZoom: highest };
    const coarse = base - sketch;
    const native = { minNativeZoom: coarse, maxNativeZoom: coarse, minZoom: base, zIndex: 1 };
    const maxZoom = Math.min(highest, coarse + SKETCH_ZOOMS);
    this.sketch = new Land({ ...shared, ...native, maxZoom, path: "sketch", className: "sketch" });
    if (sketch) this.sketch.addTo(this.map);
    this.land = new Land({ ...shared, path: "tiles", minZoom: lowest, zIndex: 2, denseTo: base });
    for (const [z, x, y, revision] of this.options.known) this.land.hear(`${z}/${x}/${y}`, revision);
    this.land.once("load", () => this.post({ type: "landed" }));
    this.land.addTo(this.map);
  }

  controls() {
    this.scale = new Scale(this.map, this.options);
    L.control
      .zoom({
        position: "bottomright",
        zoomInTitle: phrase("map.zoom-in"),
        zoomOutTitle: phrase("map.zoom-out"),
      })
      .addTo(this.map);
    L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" }).addTo(this.map);
    this.place = L.DomUtil.create("button", "place");
    Object.assign(this.place, { type: "button", title: phrase("map.coordinates") });
    this.place.addEventListener("click", () => this.card.show(this.map.getCenter()));
    L.DomEvent.disableClickPropagation(this.place);
    this.badge = L.DomUtil.create("div", "badge");
    this.badge.setAttribute("role", "status");
    addControl(this.map, "bottomleft", this.place);
    addControl(this.map, "topright", this.badge);
    this.toLand = new ToLand(this.map, this.options.base, () => this.goToLand());
    this.map.on("mousemove", (event) => this.say(event.latlng));
    this.map.on("mouseout", () => this.say(this.map.getCenter()));
    this.map.getContainer().addEventListener("wheel", (event) => {
      this.wheel = this.map.mouseEventToLatLng(event);
    });
  }

  /** @param {L.LatLng} at */
  say({ lng, lat }) {
    if (this.place) this.place.textContent = words.place(lng, lat);
  }

  // The view and a ring around it; while people zoom in, also the view after one more step. Past the deepest
  // level, the ring is one painted tile wide, whatever that is in tiles of this zoom.
  wants() {
    const zoom = this.map.getZoom();
    const { min, max } = this.map.getPixelBounds();
    const { x: left = 0, y: top = 0 } = min ?? {};
    const { x: right = 0, y: bottom = 0 } = max ?? {};
    const view = { left, top, right, bottom };
    const here = wanted(view, zoom, PREFETCH << Math.max(0, zoom - this.options.deepest), WANT_LIMIT);
    const deeper = this.turn > 0 && zoom < this.options.deepest;
    const next = deeper
      ? wanted(ahead(view, this.map.project(this.about, zoom), 1), zoom + 1, 0, WANT_LIMIT)
      : [];
    const all = [...here, ...this.overview.wants(), ...next];
    return [...new Map(all.map((tile) => [tile.join("/"), tile])).values()].slice(0, WANT_LIMIT);
  }

  /** The way that people zoom, until they pan. A jump is none. */
  turned() {
    const zoom = this.map.getZoom();
    const step = zoom - this.zoom;
    this.turn = Math.abs(step) <= MOST_STEPS ? Math.sign(step) : 0;
    this.zoom = zoom;
    this.about = this.wheel ?? this.map.getCenter();
    this.wheel = null;
  }

  moved() {
    this.turned();
    this.feed?.want(this.wants());
    this.toLand?.look();
    const centre = this.map.getCenter();
    this.say(centre);
    const place = formatPlace(this.map.getZoom(), centre.lng, centre.lat);
    if (window.parent === window) history.replaceState(null, "", `#${place}`);
    this.post({ type: "view", place, bounds: metres(this.map.getBounds()), seen: this.seen() });
  }

  /** What is seen: the view above what the panel covers. @returns {Box} */
  seen() {
    const { x, y } = this.map.getSize();
    const lower = this.covered < y / 2 ? y - this.covered : y / 2;
    const corner = this.map.containerPointToLatLng([x, lower]);
    return metres(L.latLngBounds(this.map.containerPointToLatLng([0, 0]), corner));
  }

  /** Anything but a place is left alone. @param {string} hash "zoom/x/y" @param {boolean} animate */
  goTo(hash, animate) {
    const asked = parsePlace(hash);
    if (!asked) return;
    const zoom = Math.min(Math.max(asked.zoom, this.options.lowest), this.options.highest);
    this.map.setView([asked.y, asked.x], zoom, { animate: animate && !still() });
  }

  /** Keys are the page's: it has the same ones. @param {KeyboardEvent} event */
  key(event) {
    const { key, code, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (key === "Escape" && this.tools.stop()) return; // one press ends one thing
    if (step(event)) event.preventDefault();
    this.post({ type: "key", key: { key, code, ctrlKey, metaKey, shiftKey, altKey } });
    if (key === "Escape" && window.parent === window) this.selection.clear();
    if (!ctrlKey && !metaKey && !altKey) this.tools.press(key.toLowerCase());
  }

  /** After an edit is over, tiles that another one waits for are still in progress. @param {any} message */
  edited(message) {
    this.marks.hear(message.event, message.tile);
    if (message.event !== "settled") return;
    clearTimeout(this.again);
    this.again = setTimeout(() => this.feed?.send(), SETTLE);
  }

  /** What the feed says. @param {any} message */
  hear(message) {
    const key = message.tile?.join("/");
    if (message.event === "revisions") {
      for (const [z, x, y, revision] of message.tiles) this.heard(`${z}/${x}/${y}`, revision);
      for (const [z, x, y, revision] of message.sketches) this.sketch?.hear(`${z}/${x}/${y}`, revision);
      this.marks.reset(message.editing);
      this.toLand?.reset(message.tiles);
    } else if (message.event === "sketch") this.sketch?.hear(key, message.revision);
    else if (message.event === "ready") this.ready(key, message);
    else if (message.event === "painting") this.land?.painting(key);
    else if (message.event === "failed") this.land?.failed(key, message.message);
    else if (message.event === "status") this.status(message);
    else if (["editing", "edited", "settled"].includes(message.event)) this.edited(message);
    else if (message.event === "journal") this.post({ type: "journal" });
    else if (message.event === "online") this.online();
    else if (message.event === "offline") this.offline();
    else if (message.event === "error") this.refused(message.error);
  }

  /** @param {string} key of a tile @param {number} revision */
  heard(key, revision) {
    this.land?.hear(key, revision);
    this.overview.land.hear(key, revision);
  }

  /** @param {string} key @param {any} message */
  ready(key, { tile, revision, final }) {
    this.heard(key, revision);
    this.toLand?.hear(tile, final);
  }

  /** @param {{code: string, message: string}} error */
  refused({ code, message }) {
    this.note(message);
    if (code !== "world_not_found") return;
    this.feed?.end();
    this.post({ type: "gone" });
  }

  /** @param {any} status */
  status(status) {
    const limit = status.limit && phrase(`limit.${status.limit}`);
    this.note(status.error || status.reason || limit);
    this.post({ type: "status", status });
  }

  // What happened to the journal before, or while the connection was lost, is not known.
  online() {
    this.note("");
    this.post({ type: "link", up: true });
    this.post({ type: "journal" });
  }

  offline() {
    this.note(phrase("map.offline"));
    this.post({ type: "link", up: false });
  }

  /** @param {string} text */
  note(text) {
    if (!this.badge) return;
    this.badge.textContent = text;
    this.badge.classList.toggle("shown", Boolean(text));
  }

  /** What the page asks for. @param {MessageEvent} event */
  command({ origin, data }) {
    if (origin !== location.origin || !data) return;
    if (data.type === "theme") document.documentElement.dataset.theme = data.theme;
    if (data.type === "go") this.goTo(data.place, true);
    if (data.type === "clear") this.selection.clear();
    if (data.type === "escape" && !this.tools.stop()) this.selection.clear();
    if (data.type === "fit") this.fit(data.bounds, data.seen);
    if (data.type === "covered") this.cover(data.bottom);
    if (data.type === "mode") this.selection.turn(data.mode);
    if (data.type === "choose") this.selection.choose(data.tile);
    if (data.type === "area") this.selection.take(latLngs(data.bounds), false);
    if (data.type === "preview") this.preview.show(data.picture, data.share);
    if (data.type === "footprint") this.preview.lie(data.bounds);
    if (data.type === "own") this.own.show(data.picture);
    if (data.type === "press") this.tools.press(data.key);
    if (data.type === "brush") this.brush.take(data.brush);
    if (data.type === "stamp") this.stamp.take(data.bounds);
    if (data.type === "region") this.region.take(data.region);
    if (data.type === "strokes") this.brush.show(data.strokes);
  }

  /** Buttons stay above what the panel covers. @param {number} bottom px */
  cover(bottom) {
    this.covered = bottom;
    const box = this.map.getContainer();
    box.style.setProperty("--covered", `${bottom}px`);
    box.classList.toggle("cramped", box.clientHeight - bottom < ROOM);
    this.post({ type: "seen", seen: this.seen() });
  }

  /** Show a rectangle with some land around, above what the panel covers.
   * @param {Box} box @param {boolean} seen stay if it is in sight already */
  fit(box, seen = false) {
    const bounds = latLngs(box).pad(0.25);
    if (seen && this.map.getBounds().contains(latLngs(box)) && !this.covered) return;
    const padding = /** @type {L.PointTuple} */ ([0, this.covered]);
    const options = { maxZoom: this.options.base, paddingBottomRight: padding };
    this.map.flyToBounds(bounds, { ...options, duration: 0.8, animate: !still() });
  }

  /** To what is painted nearest to the middle of the view, or home where nothing is. */
  async goToLand() {
    const { lng, lat } = this.map.getCenter();
    const answer = await fetch(rooted(`/worlds/${this.options.world}/painted?x=${lng}&y=${lat}`)).catch(
      () => null,
    );
    const said = answer?.ok ? await answer.json() : null;
    if (!said) return this.note(phrase("failure.unreachable"));
    const [x, y] = this.options.home;
    const there = said.bounds ? latLngs(said.bounds).getCenter() : L.latLng(y, x);
    this.map.flyTo(there, this.options.base, { duration: 0.8, animate: !still() });
  }

  /** @param {Told} told */
  post(told) {
    if (window.parent === window) return;
    window.parent.postMessage({ ...told, world: this.options.world }, location.origin);
  }
}

/** Called by the map's page, once folium has made the map. @param {L.Map} map @param {MapOptions} options */
export function open(map, options) {
  const address = new URL(location.href);
  address.searchParams.delete("view"); // it is over: to go on to another place must not open the map again
  history.replaceState(null, "", address);
  window.earth = { map: new EarthMap(map, options) };
}
