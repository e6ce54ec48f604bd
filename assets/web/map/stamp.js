// @ts-check
// Where an edit is made again: a frame of its size under the pointer, until a click says where. Enter takes the
// middle of the map.
import { hold } from "./buttons.js";
import { latLngs, overlay } from "./plane.js";

export class Stamp {
  /** @param {L.Map} map @param {import("./selection.js").Selection} selection @param {(told: Told) => void} tell */
  constructor(map, selection, tell) {
    this.map = map;
    this.selection = selection;
    this.tell = tell;
    /** @type {[number, number] | null} */
    this.size = null; // width and height in metres
    this.frame = L.rectangle(latLngs([0, 0, 0, 0]), { ...overlay(map), className: "footprint" });
    map.on("click", ({ latlng }) => this.put(latlng));
    map.on("mousemove", ({ latlng }) => this.lie(latlng));
    map.on("move", () => this.lie(map.getCenter()));
    const box = map.getContainer();
    box.addEventListener(
      "keydown",
      (event) => {
        if (!this.size || event.key !== "Enter" || event.target !== box) return;
        event.stopImmediatePropagation();
        this.put(map.getCenter());
      },
      true,
    );
  }

  /** What is stamped: as large as a rectangle; null: no more. @param {Box | null} bounds */
  take(bounds) {
    this.size = bounds && [bounds[2] - bounds[0], bounds[3] - bounds[1]];
    this.selection.held = Boolean(bounds); // clicks choose nothing meanwhile
    hold(this.map, false);
    this.map.getContainer().classList.toggle("measuring", Boolean(bounds));
    if (bounds) this.map.doubleClickZoom.disable();
    this.lie(this.map.getCenter());
    if (bounds) this.frame.addTo(this.map);
    else this.frame.remove();
  }

  /** @param {L.LatLng} middle */
  lie({ lng: x, lat: y }) {
    if (!this.size) return;
    const [wide, high] = this.size.map((side) => side / 2);
    this.frame.setBounds(latLngs([x - wide, y - high, x + wide, y + high]));
  }

  /** @param {L.LatLng} place */
  put({ lng, lat }) {
    if (this.size) this.tell({ type: "stamped", at: [lng, lat] });
  }
}
