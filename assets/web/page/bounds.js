// @ts-check
// Where an export is: by numbers that are typed, or around a file of GeoJSON. The map shows the rectangle.
import { aroundGeoJson, readBounds } from "../lib/bounds.js";
import { phrase } from "../lib/phrases.js";
import { on, tellMap } from "./bus.js";
import { field, get, say } from "./dom.js";
import { part } from "./parts.js";

const MOST_BYTES = 32 * 2 ** 20; // of a file of GeoJSON

part("bounds", () => {
  field("bounds-numbers").addEventListener("change", () => {
    const text = field("bounds-numbers").value.trim();
    if (text) take(readBounds(text), phrase("bounds.wrong"));
  });
  field("bounds-file").addEventListener("change", async () => {
    const file = field("bounds-file").files?.[0];
    if (!file) return;
    const text = file.size > MOST_BYTES ? "" : await file.text();
    take(aroundGeoJson(text), phrase("bounds.no-file"));
    field("bounds-file").value = "";
  });
});

/** @param {Box | null} bounds @param {string} wrong what to say where there are none */
function take(bounds, wrong) {
  say(get("bounds-said"), bounds ? "" : wrong, !bounds);
  if (!bounds) return;
  tellMap({ type: "area", bounds });
  tellMap({ type: "fit", bounds, seen: true });
}

// The numbers are those of the rectangle that is chosen, however it was.
on("selection", ({ bounds, exact }) => {
  const box = field("bounds-numbers");
  if (box && document.activeElement !== box)
    box.value = exact && bounds ? bounds.map(Math.round).join(", ") : "";
});
