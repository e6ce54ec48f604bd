// @ts-check
// A world file becomes a world here.
import { ask } from "./ask.js";
import { get, say } from "./dom.js";
import { open } from "./world.js";

/** @param {HTMLInputElement} input @param {File} file */
async function unpack(input, file) {
  say(get("unpack-said"), "Reading…");
  const { ok, said } = await ask("/worlds/unpack", "POST", file);
  input.value = "";
  say(get("unpack-said"), ok ? "" : said.error.message, !ok);
  if (!ok) return;
  open(said.id);
}

document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.closest("#unpack")) return;
  if (target.files?.[0]) unpack(target, target.files[0]);
});
