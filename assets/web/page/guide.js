// @ts-check
// A picture of one's own as a guide: what the world's model follows, and land under it that is painted already.
import { phrase } from "../lib/phrases.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { button, field, get, say } from "./dom.js";
import { part } from "./parts.js";

const state = {
  world: "",
  follows: "", // what pictures the world's model follows; empty: none
  /** @type {Tile[]} */
  painted: [],
};

part("picture", () => {
  field("picture-as").addEventListener("change", show);
  button("picture-repaint").addEventListener("click", repaint);
  show();
});

/** How the picture is used: "land", "guide" or "edges". */
export const use = () => field("picture-as").value;
export const guides = () => use() !== "land";

function show() {
  const box = /** @type {HTMLSelectElement | null} */ (get("picture-as"));
  if (!box) return;
  for (const option of box.options) option.disabled = option.value !== "land" && !state.follows;
  if (!state.follows) box.value = "land";
  get("picture-shows").hidden = guides();
  const words = state.follows
    ? phrase("picture.follows", { what: state.follows })
    : phrase("picture.follows-none");
  say(get("picture-follows"), words);
}

/** A guide was laid; tiles under it stay as they are until they are painted again. @param {Tile[]} painted */
export function laid(painted) {
  state.painted = painted;
  const again = button("picture-repaint");
  again.hidden = !painted.length;
  again.textContent = phrase("picture.repaint", { count: painted.length });
}

async function repaint() {
  const tiles = state.painted;
  laid([]);
  const { ok, said } = await ask(`/worlds/${state.world}/edits`, "POST", { tiles });
  say(get("picture-said"), ok ? phrase("queued") : said.error.message, !ok);
  if (!ok) laid(tiles);
}

on("ready", async ({ world }) => {
  if (world === state.world) return;
  Object.assign(state, { world, follows: "" });
  if (get("picture")) laid([]);
  show();
  const { ok, said } = await ask(`/worlds/${world}`);
  if (!ok || world !== state.world) return;
  state.follows = said.painted_by.follows;
  show();
});
