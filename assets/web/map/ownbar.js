// @ts-check
// What one's own picture measures, and what can be done with it, over the map.
import { phrase } from "../lib/phrases.js";

/** @typedef {{add: () => void, away: () => void, bring: () => void, fade: (opacity: number) => void}} Acts */

export class OwnBar {
  /** @param {L.Map} map @param {Acts} acts */
  constructor(map, acts) {
    this.map = map;
    this.box = L.DomUtil.create("div", "own-bar", map.getContainer());
    this.box.hidden = true;
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-label", phrase("picture.file"));
    this.size = L.DomUtil.create("b", "", this.box);
    this.size.setAttribute("role", "status");
    this.slider = this.fader(acts.fade);
    this.bring = this.button("own.bring", "", acts.bring);
    this.add = this.button("own.add", "act", acts.add);
    this.button("own.away", "", acts.away);
    this.wrong = L.DomUtil.create("p", "wrong", this.box);
    L.DomEvent.disableClickPropagation(this.box);
    L.DomEvent.disableScrollPropagation(this.box);
  }

  /** @param {(opacity: number) => void} fade */
  fader(fade) {
    const label = L.DomUtil.create("label", "", this.box);
    L.DomUtil.create("span", "", label).textContent = phrase("own.opacity");
    const slider = L.DomUtil.create("input", "", label);
    Object.assign(slider, { type: "range", min: "0.2", max: "1", step: "0.05" });
    slider.addEventListener("input", () => fade(Number(slider.value)));
    return slider;
  }

  /** @param {string} key @param {string} name @param {() => void} press */
  button(key, name, press) {
    const button = L.DomUtil.create("button", name, this.box);
    Object.assign(button, { type: "button", textContent: phrase(key) });
    button.addEventListener("click", press);
    return button;
  }

  /** @param {number} opacity */
  fades(opacity) {
    this.slider.value = String(opacity);
  }

  /** @param {import("./ownpicture.js").Own | null} own @param {string} size in words */
  show(own, size) {
    this.box.hidden = !own;
    if (!own) return;
    if (this.size.textContent !== size) this.size.textContent = size;
    const [west, south, east, north] = own.bounds;
    const seen = this.map.getBounds().contains([(south + north) / 2, (west + east) / 2]);
    this.bring.hidden = seen || !own.pixels;
    /** @type {HTMLElement} */ (this.slider.parentElement).hidden = !own.drawn;
    this.add.disabled = own.busy;
    this.add.textContent = phrase(own.busy ? "own.sending" : "own.add");
    this.wrong.textContent = own.wrong;
    this.wrong.hidden = !own.wrong;
  }
}
