// @ts-check
// The world's prompt and seed at six ground resolutions, side by side.
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { resolution } from "../lib/words.js";
import { ask } from "./ask.js";
import { on } from "./bus.js";
import { button, get, make, say } from "./dom.js";
import { follow, jobLine } from "./jobs.js";
import { part } from "./parts.js";

/** @typedef {{zoom: number, metres_per_pixel: number}} Level */

const state = { world: "", job: "" };

part("levels", () => button("levels-go").addEventListener("click", paint));

async function paint() {
  forget();
  const { world } = state;
  button("levels-go").disabled = true;
  const { ok, said } = await ask(`/worlds/${world}/levels`, "POST", {});
  button("levels-go").disabled = false;
  if (world !== state.world) return;
  say(get("levels-said"), ok ? "" : said.error.message, !ok);
  if (!ok) return;
  state.job = said.job.id;
  const line = jobLine(forget, phrase("levels.painting", { count: said.levels.length }));
  line.show(said.job);
  get("levels-job").replaceChildren(line.line);
  const job = await follow(said.job.id, line.show);
  if (state.job !== said.job.id) return;
  get("levels-job").replaceChildren();
  if (job?.state === "done") show(job, said.levels);
  else say(get("levels-said"), job?.error?.message ?? (job ? "" : phrase("variants.lost")), !job?.state);
}

/** @param {Job} job @param {Level[]} levels */
function show(job, levels) {
  const shown = levels.map(({ zoom, metres_per_pixel }, index) => {
    const words = resolution(metres_per_pixel, zoom);
    const each = make("li", "");
    each.append(
      make("img", "", { src: rooted(job.files[index].url), alt: words, width: "256", height: "256" }),
      make("span", words),
    );
    return each;
  });
  get("levels-list").replaceChildren(...shown);
}

/** The pictures go, and the job that paints them. */
function forget() {
  if (state.job) ask(`/jobs/${state.job}`, "DELETE");
  state.job = "";
  get("levels-job")?.replaceChildren();
  get("levels-list")?.replaceChildren();
  say(get("levels-said"), "");
}

on("ready", ({ world }) => {
  if (world !== state.world) forget();
  state.world = world;
});
