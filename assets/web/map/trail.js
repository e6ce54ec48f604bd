// @ts-check
// A line that is drawn on the map: with the mouse, a pen, a finger.

/**
 * @typedef {object} Drawing what follows the pointer
 * @property {() => boolean} ready whether a press begins a line
 * @property {() => boolean} drawing whether one is being drawn
 * @property {(place: [number, number], event?: PointerEvent) => void} begin
 * @property {(place: [number, number]) => void} extend
 * @property {() => void} release the line is whole
 * @property {() => void} abandon it is none
 * @property {(place: [number, number] | null) => void} hover the mouse is here; null: not over the land
 */

/** @param {L.Map} map @param {Drawing} drawing */
export function trail(map, drawing) {
  /** @param {MouseEvent} event @returns {[number, number]} */
  const place = (event) => {
    const { lng, lat } = map.mouseEventToLatLng(event);
    return [lng, lat];
  };
  /** @param {EventTarget | null} target */
  const land = (target) =>
    target instanceof Element && target.closest(".leaflet-container") && !target.closest(".leaflet-control");
  map.getContainer().addEventListener(
    "pointerdown",
    (event) => {
      if (!drawing.ready() || event.button || !land(event.target)) return;
      if (drawing.drawing()) return drawing.abandon(); // a second finger: this is a pinch
      drawing.hover(null);
      drawing.begin(place(event), event);
    },
    true,
  );
  window.addEventListener("pointermove", (event) => {
    if (drawing.drawing()) drawing.extend(place(event));
    else if (drawing.ready() && event.pointerType === "mouse") {
      drawing.hover(land(event.target) ? place(event) : null);
    }
  });
  window.addEventListener("pointerup", () => drawing.drawing() && drawing.release());
  window.addEventListener("pointercancel", () => drawing.abandon());
  map.on("mouseout", () => drawing.hover(null));
}

/**
 * The same line with fewer places.
 * @param {L.Map} map @param {[number, number][]} path @param {number} most
 * @returns {[number, number][]}
 */
export function simple(map, path, most) {
  const pixels = path.map(([x, y]) => map.latLngToLayerPoint([y, x]));
  let tolerance = 1;
  let found = L.LineUtil.simplify(pixels, tolerance);
  while (found.length > most) {
    tolerance *= 2;
    found = L.LineUtil.simplify(pixels, tolerance);
  }
  return found.map((point) => {
    const { lng, lat } = map.layerPointToLatLng(point);
    return [lng, lat];
  });
}
