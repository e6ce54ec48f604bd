// @ts-check
// All work of a world in one line: how much waits, how long it takes, cancel. What ended while the tab was away
// is said when it is back; so is that the app cannot be reached.
import { phrase } from "../lib/phrases.js";
import { time } from "../lib/words.js";
import { ended, live, secondsLeft } from "../lib/work.js";
import { ask } from "./ask.js";
import { emit, on } from "./bus.js";
import { button, get, say } from "./dom.js";
import { part } from "./parts.js";

const AGAIN = 2000; // ms between questions while anything is in line

const state = {
  world: "",
  /** @type {Job[]} */
  jobs: [], // in line
  /** @type {Set<string>} */
  watched: new Set(), // in line when the tab went away
  up: true, // whether the map reaches the app
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer: undefined,
};

part("steps", () => {
  button("work-cancel").addEventListener("click", cancel);
  show();
});

/** What is in line now. @returns {Promise<Job[] | null>} all jobs of the world; null: no answer */
async function look() {
  clearTimeout(state.timer);
  const { world } = state;
  if (!world) return null;
  const { ok, said } = await ask(`/jobs?world=${world}`);
  if (world !== state.world) return null;
  if (ok) state.jobs = said.filter(live);
  if (state.jobs.length) state.timer = setTimeout(look, AGAIN);
  show();
  return ok ? said : null;
}

function show() {
  if (!get("work")) return;
  const { jobs } = state;
  get("work").hidden = !jobs.length;
  const left = secondsLeft(jobs);
  const words = [phrase("work.waits", { count: jobs.length })];
  if (left !== null) words.push(phrase("work.left", { time: time(left) }));
  say(get("work-said"), words.join(", "));
}

/** The last ones first: an edit lies over those before it. */
async function cancel() {
  button("work-cancel").disabled = true;
  for (const job of [...state.jobs].reverse()) await ask(`/jobs/${job.id}`, "DELETE");
  button("work-cancel").disabled = false;
  await look();
  emit({ type: "journal" });
}

/** What became of the work while nobody looked. */
async function back() {
  const { watched } = state;
  state.watched = new Set();
  const jobs = await look();
  if (!jobs) return;
  const { done, failed, lost } = ended(watched, jobs);
  const why = failed.at(-1)?.error?.message ?? "";
  const words = [
    done.length ? phrase("work.away.done", { count: done.length }) : "",
    failed.length ? phrase("work.away.failed", { count: failed.length, why }) : "",
    lost.length ? phrase("work.away.lost", { count: lost.length }) : "",
  ].filter(Boolean);
  if (words.length) say(get("away"), words.join(" "), Boolean(failed.length || lost.length));
}

/** Whether the app can be reached, in words. */
function link() {
  const line = get("link");
  if (!line) return;
  if (!navigator.onLine) say(line, phrase("link.offline"), true);
  else if (!state.up) say(line, phrase("link.lost"), true);
  else if (line.textContent) {
    say(line, phrase("link.back"));
    setTimeout(() => say(line, ""), AGAIN);
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    back();
    return;
  }
  say(get("away"), "");
  state.watched = new Set(state.jobs.map((job) => job.id));
});
window.addEventListener("offline", link);
window.addEventListener("online", link);
on("link", ({ up }) => {
  state.up = up;
  link();
  if (up) look();
});
on("ready", ({ world }) => {
  if (world !== state.world) Object.assign(state, { world, jobs: [], watched: new Set() });
  look();
});
on("journal exported offered", look);
