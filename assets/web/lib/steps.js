// @ts-check
// Where a step of the journal lies between those in force and those undone, and what was painted of late.

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

/**
 * The steps that were painted between two looks at a journal. An edit may be painted before anybody sees it wait.
 * @template {{number: number, kind: string, state: string}} S
 * @param {S[]} before empty: nobody has looked @param {S[]} now
 */
export function painted(before, now) {
  if (!before.length) return [];
  const states = new Map(before.map((step) => [step.number, step.state]));
  return now.filter((step) => {
    const was = states.get(step.number) ?? (step.kind === "edit" ? "waiting" : step.state);
    return was === "waiting" && step.state === "done";
  });
}
