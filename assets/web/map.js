// The map: a Leaflet layer on an endless plane, fed over one WebSocket.
"use strict";

const PREFETCH = 1; // rings of tiles around the view that are painted ahead
const SKETCH_ZOOMS = 8; // by which the sketch is enlarged at most
const WANT_LIMIT = 900;
const RECONNECT = [500, 1000, 2000, 4000, 8000]; // ms

// One connection that comes back by itself and then says again what is wanted.
class Feed {
  constructor(world, hear) {
    this.url = `${location.origin.replace(/^http/, "ws")}/worlds/${world}/feed`;
    this.hear = hear;
    this.wanted = [];
    this.failures = 0;
    this.connect();
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.onopen = () => {
      this.failures = 0;
      this.hear({ event: "online" });
      this.send();
    };
    this.socket.onmessage = (message) => this.hear(JSON.parse(message.data));
    this.socket.onclose = () => {
      this.hear({ event: "offline" });
      const pause = RECONNECT[Math.min(this.failures++, RECONNECT.length - 1)];
      setTimeout(() => this.connect(), pause);
    };
  }

  want(tiles) {
    this.wanted = tiles;
    this.send();
  }

  send() {
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ want: this.wanted }));
    }
  }
}

// A grid of tiles, each showing the newest pixels known of it. A tile that is not painted never
// reports itself loaded, so Leaflet keeps showing the coarser tile that was there before.
const Land = L.GridLayer.extend({
  initialize(options) {
    L.GridLayer.prototype.initialize.call(this, { ...options, tileSize: 256, keepBuffer: 3, updateWhenZooming: false });
    this.revisions = new Map(); // key -> {revision, final}
    this.live = new Map(); // key -> {element, done, shown, loading}
    this.on("tileunload", (event) => this.live.delete(this.key(event.coords)));
  },

  key: (c) => `${c.z}/${c.x}/${c.y}`,

  createTile(coords, done) {
    const element = L.DomUtil.create("div", "land");
    element.appendChild(L.DomUtil.create("div", "spinner"));
    const key = this.key(coords);
    this.live.set(key, { element, done, shown: 0, loading: 0 });
    if (this.revisions.has(key)) this.load(key);
    return element;
  },

  // What the feed says of a tile.
  tell(key, revision, final) {
    const before = this.revisions.get(key);
    if (before && before.revision > revision) return;
    this.revisions.set(key, { revision, final });
    if (this.live.has(key)) this.load(key);
  },

  painting(key) {
    const tile = this.live.get(key);
    if (tile && !tile.shown) tile.element.classList.add("painting");
  },

  failed(key, message) {
    const tile = this.live.get(key);
    if (!tile) return;
    tile.element.classList.remove("painting");
    tile.element.classList.add("failed");
    tile.element.title = message;
  },

  load(key) {
    const tile = this.live.get(key);
    const { revision } = this.revisions.get(key);
    if (revision <= tile.shown || revision <= tile.loading) return;
    tile.loading = revision;
    const image = new Image(256, 256);
    image.alt = "";
    image.onload = () => this.show(key, tile, image, revision);
    image.onerror = () => {
      tile.loading = tile.shown;
      setTimeout(() => this.live.get(key) === tile && this.load(key), 3000);
    };
    image.src = `/worlds/${this.options.world}/${this.options.path}/${key}.webp?v=${this.options.stamp}.${revision}`;
  },

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
    }, 450);
    if (first) tile.done(null, tile.element);
  },
});

class EarthMap {
  constructor(map, options) {
    Object.assign(this, { map, options });
    const grid = new Grid(options.base);
    const tell = (data) => this.post(data);
    this.marks = new Marks(map, grid);
    this.selection = new Selection(map, grid, tell);
    this.brush = new Brush(map, this.selection, tell);
    const shared = { world: options.world, stamp: options.stamp, maxZoom: options.highest };
    // Beneath the land lies its sketch: it is there first and shows what will come.
    const coarse = options.base - options.sketch;
    const native = { minNativeZoom: coarse, maxNativeZoom: coarse, minZoom: options.base, zIndex: 0 };
    const maxZoom = Math.min(options.highest, coarse + SKETCH_ZOOMS);
    this.sketch = new Land({ ...shared, ...native, maxZoom, path: "sketch", className: "sketch" });
    if (options.sketch) this.sketch.addTo(map);
    this.land = new Land({ ...shared, path: "tiles", minZoom: options.lowest, zIndex: 1 });
    this.land.addTo(map);
    this.controls();
    this.goTo(location.hash, false);
    this.feed = new Feed(options.world, (message) => this.hear(message));
    map.on("moveend zoomend resize", () => this.moved());
    window.addEventListener("message", (event) => this.command(event));
    window.addEventListener("hashchange", () => this.goTo(location.hash, true));
    window.addEventListener("keydown", (event) => this.key(event));
    this.post({ type: "ready", base: options.base });
    this.moved();
  }

  controls() {
    L.control.zoom({ position: "bottomright" }).addTo(this.map);
    L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" }).addTo(this.map);
    const place = L.control({ position: "bottomleft" });
    place.onAdd = () => (this.place = L.DomUtil.create("div", "place"));
    place.addTo(this.map);
    const state = L.control({ position: "topright" });
    state.onAdd = () => (this.badge = L.DomUtil.create("div", "badge"));
    state.addTo(this.map);
    this.map.on("mousemove", (event) => this.say(event.latlng));
    this.map.on("mouseout", () => this.say(this.map.getCenter()));
  }

  say(at) {
    const km = (metres) => (metres / 1000).toLocaleString("en", { maximumFractionDigits: 1 });
    const across = `${km(Math.abs(at.lng))} km ${at.lng < 0 ? "west" : "east"}`;
    this.place.textContent = `${across}, ${km(Math.abs(at.lat))} km ${at.lat < 0 ? "south" : "north"}`;
  }

  // Tiles of the view, nearest to its middle first, then the ring around it.
  wants() {
    const zoom = this.map.getZoom();
    const bounds = this.map.getPixelBounds();
    const view = { left: Math.floor(bounds.min.x / 256), top: Math.floor(bounds.min.y / 256), right: Math.floor((bounds.max.x - 1) / 256), bottom: Math.floor((bounds.max.y - 1) / 256) };
    const middle = bounds.getCenter().divideBy(256);
    const found = [];
    // Past the deepest level, the ring is one painted tile wide, whatever that is in tiles of this zoom.
    const ring = PREFETCH << Math.max(0, zoom - this.options.deepest);
    for (let y = view.top - ring; y <= view.bottom + ring; y++) {
      for (let x = view.left - ring; x <= view.right + ring; x++) {
        const outside = x < view.left || x > view.right || y < view.top || y > view.bottom;
        const far = Math.hypot(x + 0.5 - middle.x, y + 0.5 - middle.y);
        found.push({ tile: [zoom, x, y], order: (outside ? 1e6 : 0) + far });
      }
    }
    found.sort((a, b) => a.order - b.order);
    return found.slice(0, WANT_LIMIT).map((each) => each.tile);
  }

  moved() {
    this.feed.want(this.wants());
    const centre = this.map.getCenter();
    this.say(centre);
    const view = `#${this.map.getZoom()}/${Math.round(centre.lng)}/${Math.round(centre.lat)}`;
    if (window.parent === window) history.replaceState(null, "", view);
    this.post({ type: "view", hash: view, bounds: metres(this.map.getBounds()) });
  }

  // "#zoom/x/y", x and y in metres; anything else is left alone.
  goTo(hash, animate) {
    const parts = /^#(\d{1,2})\/(-?\d{1,15})\/(-?\d{1,15})$/.exec(hash);
    if (!parts) return;
    const zoom = Math.min(Math.max(Number(parts[1]), this.options.lowest), this.options.highest);
    this.map.setView([Number(parts[3]), Number(parts[2])], zoom, { animate });
  }

  // Keys are the page's: it has the same ones.
  key(event) {
    const { key, ctrlKey, metaKey, shiftKey, altKey } = event;
    if ((ctrlKey || metaKey) && "zy".includes(key.toLowerCase())) event.preventDefault();
    this.post({ type: "key", key: { key, ctrlKey, metaKey, shiftKey, altKey } });
    if (key === "Escape" && window.parent === window) this.selection.clear();
  }

  // Tiles of edits: after one is over, tiles that another one waits for are still in progress.
  edited(message) {
    this.marks.tell(message.event, message.tile);
    if (message.event !== "settled") return;
    clearTimeout(this.again);
    this.again = setTimeout(() => this.feed.send(), 300);
  }

  hear(message) {
    const key = message.tile && message.tile.join("/");
    if (message.event === "revisions") {
      for (const [z, x, y, revision, final] of message.tiles) this.land.tell(`${z}/${x}/${y}`, revision, final);
      for (const [z, x, y, revision] of message.sketches) this.sketch.tell(`${z}/${x}/${y}`, revision, false);
      this.marks.reset(message.editing);
    } else if (message.event === "sketch") this.sketch.tell(key, message.revision, false);
    else if (message.event === "ready") this.land.tell(key, message.revision, message.final);
    else if (message.event === "painting") this.land.painting(key);
    else if (message.event === "failed") this.land.failed(key, message.message);
    else if (message.event === "status") this.status(message);
    else if (["editing", "edited", "settled"].includes(message.event)) this.edited(message);
    else if (message.event === "journal") this.post({ type: "journal" });
    else if (message.event === "online") this.online();
    else if (message.event === "offline") this.note("connection lost, trying again");
    else if (message.event === "error") this.note(message.error.message);
  }

  status(status) {
    this.note(status.error || (status.readonly ? "another process paints this world" : ""));
    this.post({ type: "status", status });
  }

  // What happened to the journal before, or while the connection was lost, is not known.
  online() {
    this.note("");
    this.post({ type: "journal" });
  }

  note(text) {
    this.badge.textContent = text;
    this.badge.classList.toggle("shown", Boolean(text));
  }

  command(event) {
    if (event.origin !== location.origin || !event.data) return;
    if (event.data.type === "theme") document.documentElement.dataset.theme = event.data.theme;
    if (event.data.type === "go") this.goTo(event.data.hash, true);
    if (event.data.type === "home") this.map.setView([this.options.home[1], this.options.home[0]], this.options.base);
    if (event.data.type === "clear") this.selection.clear();
    if (event.data.type === "fit") this.fit(event.data.bounds);
    if (event.data.type === "brush") this.brush.take(event.data.brush);
    if (event.data.type === "strokes") this.brush.show(event.data.strokes);
  }

  // west, south, east, north, with some land around.
  fit([west, south, east, north]) {
    const bounds = L.latLngBounds([south, west], [north, east]).pad(0.25);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.flyToBounds(bounds, { maxZoom: this.options.base, duration: 0.8, animate: !still });
  }

  post(data) {
    if (window.parent !== window) window.parent.postMessage({ ...data, world: this.options.world }, location.origin);
  }
}

window.earth = { open: (map, options) => (window.earth.map = new EarthMap(map, options)) };
