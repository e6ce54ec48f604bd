// @ts-check
// The exports of the world on the map: those that run, and the files of those that are done. The server
// keeps them, so they are there after the page was loaded anew.
import { phrase } from "../lib/phrases.js";
import { rooted } from "../lib/root.js";
import { bytes } from "../lib/words.js";
import { live } from "../lib/work.js";
import { ask } from "./ask.js";
import { emit, on } from "./bus.js";
import { bringInSight, get, make, say } from "./dom.js";
import { follow, jobLine } from "./jobs.js";
import { part } from "./parts.js";

const NEXT = 400; // ms between two files that are handed over

const state = {
  world: "",
  /** @type {Map<string, {job: Job, row: HTMLElement}>} */
  jobs: new Map(),
};

part("export", () => {
  for (const { row } of state.jobs.values()) get("export-jobs").prepend(row);
});

/** Whether one of them runs or waits. */
export const busy = () => [...state.jobs.values()].some(({ job }) => live(job));

/** One that was just asked for: its files are handed over when it is done. @param {Job} job */
export async function begun(job) {
  const done = await watch(job);
  if (done?.state === "done") hand(done);
}

/** @param {Job} job @returns {Promise<Job | null>} as it ended */
async function watch(job) {
  const { world } = state;
  const line = jobLine(() => ask(`/jobs/${job.id}`, "DELETE"), named(job));
  line.show(job);
  const row = make("li");
  row.append(line.line);
  state.jobs.set(job.id, { job, row });
  get("export-jobs")?.prepend(row);
  bringInSight(row);
  emit({ type: "exported" });
  const ended = live(job) ? await follow(job.id, line.show) : job;
  if (state.world !== world) return null;
  state.jobs.set(job.id, { job: ended ?? { ...job, state: "failed" }, row });
  over(job, ended, row);
  emit({ type: "exported" });
  return ended;
}

/** What became of one. @param {Job} job @param {Job | null} ended @param {HTMLElement} row */
function over(job, ended, row) {
  const remove = make("button", phrase("remove"), { type: "button", class: "quiet" });
  remove.setAttribute("aria-label", phrase("exports.remove", { name: named(job) }));
  remove.addEventListener("click", () => {
    ask(`/jobs/${job.id}`, "DELETE");
    state.jobs.delete(job.id);
    row.remove();
  });
  const words = make("span", "", { class: "files" });
  if (ended?.state === "done") words.append(...links(ended));
  else say(words, outcome(job, ended), ended?.state !== "cancelled");
  row.className = "ended";
  row.replaceChildren(words, remove);
}

/** @param {Job} job @param {Job | null} ended */
function outcome(job, ended) {
  const name = named(job);
  if (!ended) return phrase("exports.lost", { name });
  return ended.error ? `${name}: ${ended.error.message}` : phrase("exports.cancelled", { name });
}

/** @param {Job} job */
const named = (job) => job.name ?? phrase("exports.name");

/** @param {Job} job */
const links = (job) =>
  job.files.map((file) =>
    make("a", `${file.name} (${bytes(file.bytes)})`, { href: rooted(file.url), download: file.name }),
  );

/** All of its files: a picture without what places it is not the whole. @param {Job} job */
function hand(job) {
  links(job).forEach((link, index) => {
    setTimeout(() => link.click(), index * NEXT);
  });
}

/** Those that the server knows. @param {string} world */
async function list(world) {
  const { ok, said } = await ask(`/jobs?world=${world}&kind=export`);
  if (!ok || world !== state.world) return;
  for (const job of said) if (!state.jobs.has(job.id)) watch(job);
}

on("ready", ({ world }) => {
  if (world !== state.world) {
    state.world = world;
    state.jobs.clear();
    get("export-jobs")?.replaceChildren();
  }
  list(world);
});
