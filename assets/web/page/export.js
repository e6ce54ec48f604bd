// @ts-check
// Exports: what one will be, its progress, its files.
import { metresPerPixel } from "../lib/plane.js";
import { bytes, length, missing, number, progress, resolution, time } from "../lib/words.js";
import { ask } from "./ask.js";
import { on, tellMap } from "./bus.js";
import { button, field, get, make, say } from "./dom.js";
import { follow } from "./jobs.js";
import { part } from "./parts.js";

const PAUSE = 300; // ms after the map has moved, before the estimate is asked for

const state = {
  world: "",
  base: 8,
  deepest: 20, // the last zoom that is painted
  zoom: 8, // of the map
  chosen: false, // whether somebody has chosen another zoom than the map's
  /** @type {Box | null} */
  view: null,
  /** @type {Box | null} */
  region: null,
  /** @type {string | null} */
  job: null,
  asked: 0,
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer: undefined,
};

const wish = () => ({
  bounds: /** @type {Box} */ (state.region ?? state.view),
  zoom: Number(field("export-zoom").value),
  format: field("export-format").value,
  paint_missing: field("export-paint").checked,
});

part("export", (box) => {
  for (const id of ["export-format", "export-zoom", "export-paint"]) {
    field(id).addEventListener("change", () => estimate(0));
  }
  field("export-zoom").addEventListener("change", () => {
    state.chosen = true;
  });
  button("export-go").addEventListener("click", go);
  button("export-cancel").addEventListener("click", () => state.job && ask(`/jobs/${state.job}`, "DELETE"));
  button("export-clear").addEventListener("click", () => tellMap({ type: "clear" }));
  address();
  new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && estimate(0)).observe(box);
});

/** The links say where they lead as soon as the world is known: one that leads nowhere swallows a click. */
function address() {
  if (!state.world || !get("export-links")) return;
  for (const [id, path] of [
    ["package", "package"],
    ["land", "package?latents=true"],
    ["qgis", "qgis.xml"],
    ["wmts", "wmts.xml"],
  ]) {
    /** @type {HTMLAnchorElement} */ (get(`export-${id}`)).href = `/worlds/${state.world}/${path}`;
  }
  get("export-links").hidden = false;
}

/** All resolutions of the world; the map's, until somebody chooses another one. */
function zooms() {
  const select = field("export-zoom");
  if (select.dataset.deepest !== String(state.deepest)) {
    select.dataset.deepest = String(state.deepest);
    const offered = Array.from({ length: state.deepest + 1 }, (_, zoom) => zoom);
    select.replaceChildren(
      ...offered.map((zoom) => new Option(resolution(metresPerPixel(zoom), zoom), String(zoom))),
    );
    state.chosen = false;
  }
  if (!state.chosen) select.value = String(Math.min(Math.max(state.zoom, state.base), state.deepest));
}

/** @param {number} pause */
function estimate(pause = PAUSE) {
  clearTimeout(state.timer);
  state.timer = setTimeout(look, pause);
}

async function look() {
  if (!state.world || !state.view || !get("export")?.offsetParent) return;
  zooms();
  const asked = ++state.asked;
  const { bounds, zoom, format, paint_missing } = wish();
  const [west, south, east, north] = bounds;
  const what = state.region ? "The rectangle" : "The view";
  say(get("export-region"), `${what}: ${length(east - west)} x ${length(north - south)}`);
  get("export-clear").hidden = !state.region;
  const query = new URLSearchParams({
    bounds: bounds.join(","),
    zoom: String(zoom),
    format,
    paint_missing: String(paint_missing),
  });
  const { ok, said } = await ask(`/worlds/${state.world}/exports/estimate?${query}`);
  if (asked !== state.asked) return;
  button("export-go").disabled = !ok || Boolean(state.job);
  if (!ok) return say(get("export-estimate"), said.error.message, true);
  const pixels = `${number(said.width)} x ${number(said.height)} px`;
  const cost = `${number(said.tiles)} tiles, about ${bytes(said.bytes)}, ${time(said.seconds)}`;
  say(get("export-estimate"), `${pixels}, ${cost}; ${missing(said)}`);
}

async function go() {
  button("export-go").disabled = true;
  get("export-files").replaceChildren();
  const { ok, said } = await ask(`/worlds/${state.world}/exports`, "POST", wish());
  button("export-go").disabled = ok;
  if (!ok) return say(get("export-estimate"), said.error.message, true);
  state.job = said.id;
  show(said);
  finish(await follow(said.id, show));
}

/** @param {Job} job */
function show(job) {
  if (get("export-job").hidden) {
    get("export-job").hidden = false;
    get("export-job").scrollIntoView({ block: "nearest" });
  }
  /** @type {HTMLProgressElement} */ (/** @type {unknown} */ (get("export-bar"))).value = job.total
    ? job.done / job.total
    : 0;
  get("export-state").textContent = progress(job);
}

/** @param {Job | null} job */
function finish(job) {
  state.job = null;
  get("export-job").hidden = true;
  if (job?.state === "done") hand(job.files);
  else say(get("export-files"), outcome(job));
  estimate(0);
}

/** @param {Job | null} job */
function outcome(job) {
  if (!job) return "The app was restarted, and this export is gone. Export again.";
  return job.error?.message ?? "Cancelled. What was painted is kept.";
}

/** Links to the files; the first one is fetched at once. @param {JobFile[]} files */
function hand(files) {
  const links = files.map((file) =>
    make("a", `${file.name} (${bytes(file.bytes)})`, { href: file.url, download: file.name }),
  );
  get("export-files").replaceChildren(...links);
  get("export-files").scrollIntoView({ block: "nearest" });
  links[0]?.click();
}

on("ready", ({ world, base, deepest }) => {
  if (world !== state.world) Object.assign(state, { world, region: null, chosen: false });
  Object.assign(state, { base, deepest });
  address();
  estimate();
});
on("view", ({ bounds, place }) => {
  state.view = bounds;
  state.zoom = Number(place.split("/")[0]);
  estimate();
});
on("region", ({ bounds }) => {
  state.region = bounds;
  estimate();
});
