// @ts-check
// Drawing with the keyboard: the arrow keys move the land under the middle of the map, which is the pen.
// R begins a rectangle and Enter ends it; with the brush, Space begins a stroke and ends it.

export class Pen {
  /** @param {L.Map} map @param {import("./selection.js").Selection} selection @param {import("./brush.js").Brush} brush */
  constructor(map, selection, brush) {
    this.map = map;
    this.selection = selection;
    this.brush = brush;
    /** @type {L.LatLng | null} */
    this.corner = null;
    const box = map.getContainer();
    // Before the selection hears it: Enter ends a rectangle here.
    box.addEventListener("keydown", (event) => event.target === box && this.press(event), true);
    map.on("move", () => this.moved());
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key.toLowerCase() === "r" && !this.brush.state.on) this.begin();
    else if (key === "Enter" && this.corner) this.end(this.corner);
    else if (key === " " && this.brush.state.on) this.stroke();
    else if (key === "Escape" && this.corner) {
      this.corner = null;
      return this.selection.drop();
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  begin() {
    this.corner = this.map.getCenter();
    this.selection.drop();
  }

  moved() {
    const middle = this.map.getCenter();
    if (this.corner) this.selection.frame(L.latLngBounds([this.corner, middle]));
    if (this.stroking) this.brush.extend([middle.lng, middle.lat]);
  }

  /** @param {L.LatLng} corner */
  end(corner) {
    this.corner = null;
    this.selection.take(L.latLngBounds([corner, this.map.getCenter()]), false);
  }

  stroke() {
    this.stroking = !this.stroking;
    const { lng, lat } = this.map.getCenter();
    if (this.stroking) this.brush.begin([lng, lat]);
    else this.brush.release();
  }
}
