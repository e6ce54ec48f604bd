// @ts-check
// The zoom as a slider, with what one sees there in words. Zooms that the model learned are marked.
import { phrase } from "../lib/phrases.js";
import { originWords, scaleWords } from "../lib/scale.js";

export class Scale {
  /** @param {L.Map} map @param {Pick<MapOptions, "base" | "deepest" | "zooms" | "nearest" | "models" | "lowest" | "highest">} options */
  constructor(map, options) {
    this.map = map;
    this.options = options;
    this.box = L.DomUtil.create("div", "zoom-card");
    this.words = L.DomUtil.create("div", "zoom-words", this.box);
    this.origin = L.DomUtil.create("div", "zoom-origin", this.box);
    this.slider = this.made();
    L.DomEvent.disableClickPropagation(this.box);
    L.DomEvent.disableScrollPropagation(this.box);
    const control = new L.Control({ position: "bottomright" });
    control.onAdd = () => this.box;
    control.addTo(map);
    map.on("zoomend", () => this.say(map.getZoom()));
    this.say(map.getZoom());
  }

  made() {
    const { lowest, highest, zooms } = this.options;
    const row = L.DomUtil.create("div", "zoom-row", this.box);
    const slider = L.DomUtil.create("input", "", row);
    Object.assign(slider, { type: "range", min: lowest, max: highest, step: 1 });
    slider.setAttribute("aria-label", phrase("map.zoom"));
    slider.addEventListener("input", () => this.say(Number(slider.value)));
    slider.addEventListener("change", () => this.map.setZoom(Number(slider.value)));
    const marks = L.DomUtil.create("div", "zoom-marks", row);
    marks.setAttribute("aria-hidden", "true");
    for (const zoom of zooms) {
      const mark = L.DomUtil.create("i", "", marks);
      mark.style.left = `${(100 * (zoom - lowest)) / (highest - lowest)}%`;
      mark.title = phrase("map.learned", { zoom });
    }
    return slider;
  }

  /** @param {number} zoom */
  say(zoom) {
    this.slider.value = String(zoom);
    this.words.textContent = scaleWords(zoom);
    this.origin.textContent = phrase("map.at-zoom", { zoom, origin: originWords(zoom, this.options) });
    this.slider.setAttribute("aria-valuetext", `${zoom}, ${this.words.textContent}`);
  }
}
