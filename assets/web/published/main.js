// @ts-check
// The page of a published world: a map of static files. All that it needs lies beside it.

import { phrase, use } from "../lib/phrases.js";
import { formatPlace, parsePlace } from "../lib/place.js";
import { NoArchive, NoRanges } from "../lib/pmtiles.js";
import * as words from "../lib/words.js";
import { addControl } from "../map/buttons.js";
import { Paper } from "../map/paper.js";
import { still } from "../map/plane.js";
import { Scale } from "../map/scale.js";
import { addAbout } from "./about.js";
import { PublishedLand } from "./land.js";

const FOLDER = new URL("../../", import.meta.url).href; // of this version
const ENLARGEMENTS = 2; // zooms shown below the deepest one

class PublishedMap {
  /** @param {Published} world */
  constructor(world) {
    this.world = world;
    this.highest = Math.min(22, world.deepest + ENLARGEMENTS);
    const [zoom, x, y] = world.start;
    this.map = L.map("map", {
      crs: /** @type {any} */ (L.CRS).Plane,
      center: [y, x],
      zoom,
      minZoom: world.lowest,
      maxZoom: this.highest,
      zoomControl: false,
      attributionControl: false,
    });
    this.goTo(location.hash, false);
    this.layers();
    this.controls();
    this.map.on("moveend", () => this.moved());
    window.addEventListener("hashchange", () => this.goTo(location.hash, true));
    this.moved();
  }

  layers() {
    const { archives, base, deepest, lowest } = this.world;
    const zooms = { minZoom: lowest, maxZoom: this.highest };
    new Paper({ ...zooms, tileSize: 256, zIndex: 0 }).addTo(this.map);
    this.land = new PublishedLand({
      ...zooms,
      zIndex: 1,
      archives,
      folder: FOLDER,
      from: Math.max(lowest, Math.min(base, deepest)),
      deepest,
      failed: (error) => this.say(failure(error)),
    });
    this.land.on("load", () => this.say(""));
    this.land.addTo(this.map);
  }

  controls() {
    const { model, licence, base, deepest, lowest, zooms, nearest, models } = this.world;
    new Scale(this.map, { base, deepest, zooms, nearest, models, lowest, highest: this.highest });
    L.control
      .zoom({
        position: "bottomright",
        zoomInTitle: phrase("map.zoom-in"),
        zoomOutTitle: phrase("map.zoom-out"),
      })
      .addTo(this.map);
    L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" }).addTo(this.map);
    this.place = L.DomUtil.create("div", "place");
    addControl(this.map, "bottomleft", this.place);
    const origin = L.DomUtil.create("div", "place");
    origin.classList.add("attribution");
    origin.textContent = phrase("published.attribution", { model, licence });
    addControl(this.map, "bottomleft", origin);
    this.badge = L.DomUtil.create("div", "badge");
    this.badge.setAttribute("role", "status");
    addControl(this.map, "topright", this.badge);
    addAbout(this.map, this.world);
    this.map.on("mousemove", ({ latlng }) => this.where(latlng));
    this.map.on("mouseout", () => this.where(this.map.getCenter()));
  }

  /** @param {L.LatLng} at */
  where({ lng, lat }) {
    if (this.place) this.place.textContent = words.place(lng, lat);
  }

  /** The address always leads to the place one sees. */
  moved() {
    const centre = this.map.getCenter();
    this.where(centre);
    history.replaceState(null, "", `#${formatPlace(this.map.getZoom(), centre.lng, centre.lat)}`);
  }

  /** Anything but a place is left alone. @param {string} hash "zoom/x/y" @param {boolean} animate */
  goTo(hash, animate) {
    const asked = parsePlace(hash);
    if (!asked) return;
    const zoom = Math.min(Math.max(asked.zoom, this.world.lowest), this.highest);
    this.map.setView([asked.y, asked.x], zoom, { animate: animate && !still() });
  }

  /** @param {string} text */
  say(text) {
    if (!this.badge) return;
    this.badge.textContent = text;
    this.badge.classList.toggle("shown", Boolean(text));
  }
}

/** What people can do about it. @param {any} error */
function failure(error) {
  if (error instanceof NoRanges) return phrase("published.no-ranges");
  if (error instanceof NoArchive) return phrase("published.again");
  return phrase("published.offline");
}

/** The texts of the language that the browser likes best, of those that there are. @param {string[]} languages */
async function speak(languages) {
  const liked = navigator.languages
    .map((each) => each.split("-")[0])
    .find((each) => languages.includes(each));
  const language = liked ?? "en";
  document.documentElement.lang = language;
  const answer = await fetch(new URL(`earth/text/${language}.json`, FOLDER));
  if (answer.ok) use({ language, phrases: await answer.json() });
}

async function open() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => {
    document.documentElement.dataset.theme = dark.matches ? "dark" : "light";
  };
  dark.addEventListener("change", theme);
  theme();
  const answer = await fetch(new URL("world.json", FOLDER));
  if (!answer.ok) throw new NoArchive("world.json");
  const world = await answer.json();
  await speak(world.languages);
  window.earth = { map: new PublishedMap(world) };
}

open().catch((error) => {
  const said = document.getElementById("map");
  if (said) said.textContent = failure(error);
  throw error;
});
