// @ts-check
// Pictures that are dropped or pasted beside the map.
import { isPicture, pictureOf } from "../lib/filed.js";
import { emit } from "./bus.js";

const FIELDS = 'input[type="file"]'; // they take what is dropped on them

/** @param {EventTarget | null} target @param {string} what */
const within = (target, what) => target instanceof Element && Boolean(target.closest(what));

document.addEventListener("dragover", (event) => {
  if (event.dataTransfer?.types.includes("Files") && !within(event.target, FIELDS)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const file = pictureOf(event.dataTransfer?.files ?? []);
  if (!file || within(event.target, FIELDS)) return;
  event.preventDefault();
  emit({ type: "file", file, at: null });
});
// Programs that copy text often copy a picture of it too: in a field, the text is meant.
document.addEventListener("paste", ({ target, clipboardData }) => {
  const file = pictureOf(clipboardData?.files ?? []);
  if (!file || !isPicture(file)) return;
  if (within(target, "input, textarea") && clipboardData?.types.includes("text/plain")) return;
  emit({ type: "file", file, at: null });
});
