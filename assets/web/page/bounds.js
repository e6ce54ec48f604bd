// @ts-check
// Where an export is: by numbers that are typed, or around a file of GeoJSON. The map shows the rectangle.
import { aroundGeoJson, readBounds } from "../lib/bounds.js";
import { phrase } from "../lib/phrases.js";
import { on, tellMap } from "./bus.js";
import { field, get, say } from "./dom.js";
import { part } from "./parts.js";

const MOST_BYTES = 32 * 2 ** 20; // of a file of GeoJSON

let filed = ""; // the rectangle of the file whose name is shown

part("bounds", () => {
  field("bounds-numbers").addEventListener("change", () => {
    const text = field("bounds-numbers").value.trim();
    if (text) take(readBounds(text), phrase("bounds.wrong"));
  });
  // Emptied first: a browser says nothing of a file that is chosen again, also where it was changed since.
  field("bounds-file").addEventListener("click", () => {
    field("bounds-file").value = "";
  });
  field("bounds-file").addEventListener("change", async () => {
    const file = field("bounds-file").files?.[0];
    if (!file) return;
    const text = file.size > MOST_BYTES ? "" : await file.text();
    const bounds = aroundGeoJson(text);
    filed = bounds ? written(bounds) : "";
    take(bounds, phrase("bounds.no-file"));
  });
});

/** @param {Box | null} bounds @param {string} wrong what to say where there are none */
function take(bounds, wrong) {
  say(get("bounds-said"), bounds ? "" : wrong, !bounds);
  if (!bounds) return;
  tellMap({ type: "area", bounds });
  tellMap({ type: "fit", bounds, seen: true });
}

/** @param {Box} bounds */
const written = (bounds) => bounds.map(Math.round).join(", ");

// The numbers are those of the rectangle that is chosen, however it was; the file's name is there while it is the file's.
on("selection", ({ bounds, exact }) => {
  const box = field("bounds-numbers");
  const chosen = exact && bounds ? written(bounds) : "";
  if (box && document.activeElement !== box) box.value = chosen;
  if (box && chosen !== filed) field("bounds-file").value = "";
});
