// @ts-check
// What is at a place: its coordinates in three ways, each to be copied, and what can be done there.
import { copy } from "../lib/copy.js";
import { phrase } from "../lib/phrases.js";
import { degrees } from "../lib/whereto.js";

export class PlaceCard {
  /** @param {L.Map} map @param {import("../lib/plane.js").Grid} grid @param {(told: Told) => void} tell */
  constructor(map, grid, tell) {
    this.map = map;
    this.grid = grid;
    this.tell = tell;
  }

  /** @param {L.LatLng} place */
  show(place) {
    const { lng: x, lat: y } = place;
    const tile = this.grid.at(x, y);
    const box = L.DomUtil.create("div", "card");
    const found = degrees(x, y);
    this.line(box, phrase("card.metres"), `${Math.round(x)}, ${Math.round(y)}`);
    if (found) this.line(box, phrase("card.degrees"), said(found));
    this.line(box, phrase("card.tile"), [this.grid.zoom, ...tile].join("/"));
    if (window.parent !== window) {
      const press = L.DomUtil.create("button", "act", box);
      Object.assign(press, { type: "button", textContent: phrase("card.repaint") });
      press.addEventListener("click", () => {
        this.map.closePopup();
        this.tell({ type: "repaint", tile });
      });
    }
    const popup = L.popup({ maxWidth: 260, className: "placecard" }).setLatLng(place).setContent(box);
    popup.openOn(this.map);
    const close = popup.getElement()?.querySelector(".leaflet-popup-close-button");
    close?.setAttribute("aria-label", phrase("close")); // Leaflet's own is English
  }

  /** A button that copies what it says. @param {HTMLElement} box @param {string} name @param {string} words */
  line(box, name, words) {
    const row = L.DomUtil.create("button", "row", box);
    Object.assign(row, { type: "button", title: phrase("copy") });
    const label = L.DomUtil.create("span", "", row);
    label.textContent = name;
    const value = L.DomUtil.create("b", "", row);
    value.textContent = words;
    row.addEventListener("click", async () => {
      label.textContent = phrase((await copy(words)) ? "card.copied" : "failed");
    });
  }
}

/** @param {[number, number]} place latitude, longitude */
const said = ([lat, lon]) =>
  `${Math.abs(lat).toFixed(4)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(4)}° ${lon < 0 ? "W" : "E"}`;
