// @ts-check
// Distances: a line from click to click, with its length on the plane. Enter takes the middle of the map.
import { phrase } from "../lib/phrases.js";
import * as words from "../lib/words.js";
import { hold } from "./buttons.js";
import { overlay } from "./plane.js";

export class Measure {
  /** @param {L.Map} map @param {import("./selection.js").Selection} selection */
  constructor(map, selection) {
    this.map = map;
    this.selection = selection;
    this.on = false;
    /** @type {L.LatLng[]} */
    this.places = [];
    const style = overlay(map);
    this.line = L.polyline([], { ...style, className: "measure" }).addTo(map);
    this.label = L.tooltip({ permanent: true, direction: "top", className: "measured" });
    map.on("click", ({ latlng }) => this.add(latlng));
    const box = map.getContainer();
    box.addEventListener(
      "keydown",
      (event) => {
        if (!this.on || event.key !== "Enter" || event.target !== box) return;
        event.stopImmediatePropagation();
        this.add(map.getCenter());
      },
      true,
    );
  }

  /** @param {boolean} on */
  turn(on) {
    this.on = on;
    this.selection.held = on; // clicks choose nothing meanwhile
    this.places = [];
    this.line.setLatLngs([]);
    this.label.remove();
    hold(this.map, false);
    if (on) this.map.doubleClickZoom.disable();
    this.map.getContainer().classList.toggle("measuring", on);
  }

  /** @param {L.LatLng} place */
  add(place) {
    if (!this.on) return;
    this.places.push(place);
    this.line.setLatLngs(this.places);
    const far = this.places
      .slice(1)
      .reduce((sum, each, index) => sum + this.map.distance(this.places[index], each), 0);
    this.label
      .setLatLng(place)
      .setContent(this.places.length > 1 ? words.distance(far) : phrase("measure.next"));
    this.label.addTo(this.map);
  }
}
