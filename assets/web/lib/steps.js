// @ts-check
// Where a step of the journal lies between those in force and those undone.

/**
 * How many steps lie between a step and the last one in force: those to undo until it is the last one, or
 * those to redo until it is in force.
 * @param {{number: number, state: string}[]} steps oldest first @param {number} number
 */
export function between(steps, number) {
  const place = steps.findIndex((step) => step.number === number);
  const state = steps[place]?.state;
  const after = steps.slice(place + 1).filter((step) => ["done", "waiting"].includes(step.state));
  const before = steps.slice(0, place + 1).filter((step) => step.state === "undone");
  return { back: state === "done" ? after.length : 0, forward: state === "undone" ? before.length : 0 };
}
