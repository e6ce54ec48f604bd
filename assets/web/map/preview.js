// @ts-check
// A picture over the land: an option for an edit, or how it was before. A share of it, from the left.
import { latLngs, overlay } from "./plane.js";

/** How much of a picture lies inside a rectangle: from its left, top, to its right, bottom, 0 to 1.
 * @param {Box} whole @param {Box} inside */
function part([west, south, east, north], inside) {
  /** @param {number} share */
  const held = (share) => Math.min(Math.max(share, 0), 1);
  const [wide, high] = [east - west, north - south];
  return [
    held((inside[0] - west) / wide),
    held((north - inside[3]) / high),
    held((inside[2] - west) / wide),
    held((north - inside[1]) / high),
  ];
}

export class Preview {
  /** @param {L.Map} map */
  constructor(map) {
    this.map = map;
    map.createPane("preview").style.zIndex = "350"; // over the land, under the selection
    /** @type {L.ImageOverlay | null} */
    this.picture = null;
    /** @type {L.Rectangle | null} */
    this.frame = null;
    /** @type {L.Rectangle | null} */
    this.footprint = null;
    this.share = 1;
    this.inside = [0, 0, 1, 1]; // the part of the picture that is shown: left, top, right, bottom
  }

  /** @param {Overlaid | null} asked @param {number} share from 0 to 1 */
  show(asked, share = 1) {
    this.share = share;
    if (!asked) return this.drop();
    const { url, bounds, inside } = asked;
    const box = latLngs(bounds);
    this.inside = part(bounds, inside);
    const before = this.picture;
    if (/** @type {any} */ (before)?._url !== url) {
      const picture = L.imageOverlay(url, box, { pane: "preview", className: "preview", alt: "" });
      this.picture = picture.addTo(this.map);
      picture.on("load error", () => before?.remove()); // the one before stays until this one is there
    }
    const edge = latLngs(inside);
    if (this.frame) this.frame.setBounds(edge);
    else this.frame = L.rectangle(edge, { ...overlay(this.map), className: "frame" }).addTo(this.map);
    this.wipe();
  }

  wipe() {
    const element = this.picture?.getElement();
    const [left, top, right, bottom] = this.inside.map((share) => 100 * share);
    const end = left + (right - left) * this.share;
    if (element) element.style.clipPath = `inset(${top}% ${100 - end}% ${100 - bottom}% ${left}%)`;
  }

  drop() {
    this.picture?.remove();
    this.frame?.remove();
    this.picture = this.frame = null;
  }

  /** Where a picture that is to be sent will lie. @param {Box | null} bounds */
  lie(bounds) {
    this.footprint?.remove();
    this.footprint = bounds
      ? L.rectangle(latLngs(bounds), { ...overlay(this.map), className: "footprint" }).addTo(this.map)
      : null;
  }
}
