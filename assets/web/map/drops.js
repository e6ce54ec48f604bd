// @ts-check
// Pictures that are dropped or pasted on the map. The page takes them: it has the form for them.
import { pictureOf } from "../lib/filed.js";

/** @param {L.Map} map @param {(told: Told) => void} tell */
export function takeDrops(map, tell) {
  if (window.parent === window) return; // a map alone has no form
  const box = map.getContainer();
  /** @param {boolean} on */
  const mark = (on) => box.classList.toggle("dropping", on);
  box.addEventListener("dragover", (event) => {
    const { dataTransfer } = event;
    if (!dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    dataTransfer.dropEffect = "copy";
    mark(true);
  });
  box.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !box.contains(relatedTarget)) mark(false);
  });
  box.addEventListener("drop", (event) => {
    mark(false);
    const file = pictureOf(event.dataTransfer?.files ?? []);
    if (!file) return;
    event.preventDefault();
    const { lng, lat } = map.mouseEventToLatLng(event);
    tell({ type: "file", file, at: [lng, lat] });
  });
  window.addEventListener("paste", ({ clipboardData }) => {
    const file = pictureOf(clipboardData?.files ?? []);
    if (file) tell({ type: "file", file, at: null });
  });
}
