// @ts-check
// Prompts for land to come: the brush that draws a stroke, and the journal's strokes over the map.

import { phrase } from "../lib/phrases.js";
import { Band, STEPS } from "./band.js";
import { addControl, edgeButton, hold, pressed } from "./buttons.js";
import { simple, trail } from "./trail.js";

const MANY = 24; // strokes, past which a band for every step of a soft edge would be slow
const FEW_STEPS = 4;
const MOST_PLACES = 200; // of a stroke's path

export class Brush {
  /** @param {L.Map} map @param {import("./selection.js").Selection} selection @param {(told: Told) => void} tell */
  constructor(map, selection, tell) {
    this.map = map;
    this.selection = selection;
    this.tell = tell;
    /** @type {BrushState} */
    this.state = { on: false, prompt: "", radius: 0, softness: 0 };
    /** @type {[number, number][] | null} */
    this.path = null;
    /** @type {Band | null} */
    this.band = null; // of the stroke that is being drawn
    /** @type {Band | null} */
    this.ghost = null; // the brush itself, under the mouse
    /** @type {{band: Band, name: L.Marker}[]} */
    this.strokes = [];
    /** @type {HTMLElement | null} */
    this.toggle = null;
    if (window.parent !== window) this.control(); // the prompt is written in the page around the map
    this.listen();
  }

  listen() {
    this.map.on("zoomend", () => {
      for (const band of this.all()) band.scale();
      apart(this.strokes.map(({ name }) => name));
    });
    trail(this.map, this);
  }

  ready() {
    return this.state.on;
  }

  drawing() {
    return this.path !== null;
  }

  all() {
    return [...this.strokes.map((each) => each.band), this.band, this.ghost].filter((band) => band !== null);
  }

  control() {
    const press = () => this.tell({ type: "brush", on: !this.state.on });
    const { bar, button } = edgeButton("brush", phrase("map.brush"), press);
    this.toggle = button;
    addControl(this.map, "bottomright", bar);
  }

  /** What the page says of the brush. @param {BrushState} state */
  take(state) {
    const turned = state.on !== this.state.on;
    this.state = state;
    this.hover(null);
    if (!turned) return;
    this.selection.held = state.on;
    if (state.on) this.selection.arm(false);
    if (this.toggle) pressed(this.toggle, state.on);
    hold(this.map, state.on || this.selection.on);
    this.map.getContainer().classList.toggle("brushing", state.on);
    if (!state.on) this.abandon();
  }

  /** @param {[number, number]} place */
  begin(place) {
    this.path = [place];
    this.band?.remove();
    this.band = new Band(this.map, { ...this.state, path: this.path });
  }

  /** @param {[number, number]} place */
  extend(place) {
    this.path?.push(place);
    if (this.path) this.band?.lay(this.path);
  }

  /** @param {[number, number] | null} place */
  hover(place) {
    if (!place) {
      this.ghost?.remove();
      this.ghost = null;
    } else if (this.ghost) this.ghost.lay([place]);
    else this.ghost = new Band(this.map, { ...this.state, path: [place] });
  }

  release() {
    if (!this.path) return;
    const path = simple(this.map, this.path, MOST_PLACES);
    this.path = null;
    this.tell({ type: "stroke", path });
  }

  abandon() {
    this.path = null;
    this.band?.remove();
    this.band = null;
  }

  /** The strokes to show. One that was just drawn is among them. @param {Stroke[]} strokes */
  show(strokes) {
    for (const { band, name } of this.strokes) {
      band.remove();
      name.remove();
    }
    const steps = strokes.length > MANY ? FEW_STEPS : STEPS;
    this.strokes = strokes.map((stroke) => ({
      band: new Band(this.map, stroke, steps),
      name: this.name(stroke),
    }));
    apart(this.strokes.map(({ name }) => name));
    if (!this.path) this.abandon();
  }

  /** @param {Stroke} stroke */
  name({ prompt, path }) {
    const text = document.createElement("span");
    text.textContent = prompt;
    const [x, y] = path[Math.floor(path.length / 2)];
    const icon = L.divIcon({ html: text, className: "region-name", iconSize: undefined });
    return L.marker([y, x], { icon, interactive: false, keyboard: false }).addTo(this.map);
  }
}

/** No name lies over another: the newest ones stay, others are there again when zooming in parts them.
 * @param {L.Marker[]} names oldest first */
function apart(names) {
  /** @type {DOMRect[]} */
  const taken = [];
  for (const name of [...names].reverse()) {
    const text = /** @type {HTMLElement} */ (name.getElement()?.firstElementChild);
    const box = text.getBoundingClientRect();
    const over = taken.some(
      ({ left, right, top, bottom }) =>
        box.left < right && left < box.right && box.top < bottom && top < box.bottom,
    );
    text.classList.toggle("over", over);
    if (!over) taken.push(box);
  }
}
