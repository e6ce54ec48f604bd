// @ts-check
// Jobs in line, and what became of them while nobody looked.

/** @param {Job} job */
export const live = (job) => job.state === "waiting" || job.state === "running";

/**
 * What happened to jobs that were in line before.
 * @param {Iterable<string>} before their ids @param {Job[]} now all jobs that the app knows
 */
export function ended(before, now) {
  const known = new Map(now.map((job) => [job.id, job]));
  /** @type {{done: Job[], failed: Job[], lost: string[]}} */
  const found = { done: [], failed: [], lost: [] };
  for (const id of before) {
    const job = known.get(id);
    if (!job) found.lost.push(id);
    else if (job.state === "done") found.done.push(job);
    else if (job.state === "failed") found.failed.push(job);
  }
  return found;
}

/** Seconds until all of them are over, as far as it is known: null if it is of none. @param {Job[]} jobs */
export function secondsLeft(jobs) {
  const known = jobs.filter((job) => job.seconds_left !== null);
  if (!known.length) return null;
  return known.reduce((sum, job) => sum + Number(job.seconds_left), 0);
}
