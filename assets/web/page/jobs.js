// @ts-check
// Work that takes its time.

import { phrase } from "../lib/phrases.js";
import * as words from "../lib/words.js";
import { live } from "../lib/work.js";
import { ask } from "./ask.js";
import { make } from "./dom.js";

const WAITING = 1200; // ms between questions
const RUNNING = 400;
const AWAY = 3000; // while the app does not answer

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * A job until it is over, told step by step. It waits for an app that does not answer.
 * @param {string} id @param {(job: Job) => void} tell
 * @returns {Promise<Job | null>} null: it is gone, as after a restart of the app
 */
export async function follow(id, tell) {
  for (;;) {
    const { ok, status, said } = await ask(`/jobs/${id}`);
    if (ok) tell(said);
    if (ok && !live(said)) return said;
    if (status === 404) return null;
    await pause(ok ? (said.state === "waiting" ? WAITING : RUNNING) : AWAY);
  }
}

/** The line of a job: a bar, words, a button that cancels it. @param {() => void} cancel @param {string} name */
export function jobLine(cancel, name = "") {
  const line = make("div", "", { class: "job" });
  const bar = make("progress", "", { max: "1", value: "0", "aria-label": name || phrase("job.name") });
  const state = make("span", phrase("job.waiting"));
  const button = make("button", phrase("cancel"), { type: "button", class: "quiet" });
  button.addEventListener("click", () => {
    button.disabled = true;
    cancel();
  });
  if (name) line.append(make("b", name, { title: name }));
  line.append(bar, state, button);
  /** @param {Job} job */
  const show = (job) => {
    bar.value = job.total ? job.done / job.total : 0;
    state.textContent = words.progress(job);
  };
  return { line, show, button };
}
