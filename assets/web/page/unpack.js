// @ts-check
// A world file becomes a world here.
import { phrase } from "../lib/phrases.js";
import { upload } from "./ask.js";
import { get, say } from "./dom.js";
import { open } from "./world.js";

/** @param {HTMLInputElement} input @param {File} file */
async function unpack(input, file) {
  const { ok, said } = await upload("/worlds/unpack", file, (share) =>
    say(
      get("unpack-said"),
      share < 1 ? phrase("sending", { percent: Math.round(100 * share) }) : phrase("reading"),
    ),
  );
  input.value = "";
  say(get("unpack-said"), ok ? "" : said.error.message, !ok);
  if (!ok) return;
  open(said.id);
}

document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.closest("#unpack")) return;
  if (target.files?.[0]) unpack(target, target.files[0]);
});
