// @ts-check
// Drawing with the keyboard: the arrow keys move the land under the middle of the map, which is the pen.
// R begins a rectangle and Enter ends it; with a brush, a lasso or an exact rectangle, Space begins a line and ends it.

export class Pen {
  /** @param {L.Map} map @param {import("./selection.js").Selection} selection
   * @param {import("./trail.js").Drawing[]} drawings of which one at most is ready */
  constructor(map, selection, drawings) {
    this.map = map;
    this.selection = selection;
    this.drawings = drawings;
    /** @type {L.LatLng | null} */
    this.corner = null;
    /** @type {import("./trail.js").Drawing | null} */
    this.line = null; // that is being drawn
    const box = map.getContainer();
    // Before the selection hears it: Enter ends a rectangle here.
    box.addEventListener("keydown", (event) => event.target === box && this.press(event), true);
    map.on("move", () => this.moved());
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const drawing = this.drawings.find((each) => each.ready());
    if (key.toLowerCase() === "r" && !drawing) this.begin();
    else if (key === "Enter" && this.corner) this.end(this.corner);
    else if (key === " " && drawing) this.draw(drawing);
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
    if (this.line?.drawing()) this.line.extend([middle.lng, middle.lat]);
  }

  /** @param {L.LatLng} corner */
  end(corner) {
    this.corner = null;
    this.selection.take(L.latLngBounds([corner, this.map.getCenter()]), false);
  }

  /** @param {import("./trail.js").Drawing} drawing */
  draw(drawing) {
    const { lng, lat } = this.map.getCenter();
    if (this.line === drawing && drawing.drawing()) {
      this.line = null;
      drawing.release();
    } else {
      this.line = drawing;
      drawing.begin([lng, lat]);
    }
  }
}
