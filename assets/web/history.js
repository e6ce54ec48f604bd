// The journal in the panel: what is being painted, what was done, undo and redo.
"use strict";

window.earthHistory = (() => {
  const { count, ask, follow, live, make, progress, say, part } = window.earthShared;
  const get = (id) => document.getElementById(id);
  const MOST = 200; // steps listed
  const KINDS = { prompt: "World's prompt", stroke: "Stroke", edit: "Edit" };
  const STATES = { waiting: "being painted", cancelled: "cancelled", undone: "taken back" };
  const state = { world: null, steps: [], asked: 0, jobs: new Map(), rows: new Map(), prompt: null };

  part("steps", () => {
    get("undo").addEventListener("click", () => walk("undo"));
    get("redo").addEventListener("click", () => walk("redo"));
    state.jobs.clear();
    show();
  });
  part("history", () => {
    state.rows.clear();
    list();
  });

  async function walk(way) {
    const { ok, said } = await ask(`/worlds/${state.world}/${way}`, "POST");
    say(get("steps-said"), ok ? "" : said.error.message, !ok);
    if (ok) refresh();
  }

  async function refresh() {
    const { world } = state;
    const asked = ++state.asked;
    if (!world) return;
    const { ok, said } = await ask(`/worlds/${world}/edits`);
    if (!ok || asked !== state.asked) return;
    state.steps = said;
    window.earthStrokes.follow(said);
    prompt();
    show();
    list();
  }

  // What undo and redo would do, and the edits that are being painted.
  function show() {
    if (!get("steps")) return;
    const steps = state.steps;
    const last = steps.filter((step, index) => index && step.state === "done").pop();
    const waiting = steps.filter((step) => step.state === "waiting");
    const back = waiting[waiting.length - 1] || last;
    const undone = steps.filter((step) => step.state === "undone");
    for (const [id, step, words] of [["undo", back, "Undo"], ["redo", !waiting.length && undone[0], "Redo"]]) {
      get(id).disabled = !step;
      get(id).title = step ? `${words}: ${named(step)}` : `Nothing to ${words.toLowerCase()}`;
    }
    queue(waiting);
  }

  function queue(waiting) {
    if (!waiting.length && state.jobs.size) window.earthEdit.settled();
    for (const [number, job] of state.jobs) {
      if (!waiting.some((step) => step.number === number && (step.job || null) === job.id)) {
        job.line.remove();
        state.jobs.delete(number);
      }
    }
    for (const step of waiting) if (!state.jobs.has(step.number)) enqueue(step);
  }

  async function enqueue(step) {
    const { world } = state;
    const job = progress(() => ask(`/jobs/${step.job}`, "DELETE"), named(step));
    job.id = step.job || null;
    job.button.hidden = !job.id; // it is not in line yet, or another process paints it
    job.line.querySelector("b").title = named(step);
    state.jobs.set(step.number, job);
    get("queue").append(job.line);
    if (!job.id) return setTimeout(refresh, 1500);
    say(get("steps-said"), "");
    const ended = await follow(step.job, job.show);
    if (state.world !== world) return;
    if (ended?.state === "failed") say(get("steps-said"), `${named(step)}: ${ended.error.message}`, true);
    refresh();
  }

  const named = (step) => step.prompt || (step.picture ? "A picture of your own" : step.kind === "edit" ? "The land again, otherwise" : "No prompt");

  function list() {
    if (!get("history")) return;
    // What is forgotten, after something else was done instead, cannot be brought again.
    const steps = state.steps.filter((step) => step.state !== "forgotten").slice(-MOST).reverse();
    const rows = steps.map((step) => {
      const known = state.rows.get(step.number);
      if (known && known.state === step.state) return known.row;
      const made = row(step, known?.row);
      state.rows.set(step.number, { row: made, state: step.state });
      return made;
    });
    get("history-list").replaceChildren(...rows);
    get("history-none").hidden = steps.length > 1;
  }

  function row(step) {
    const line = make("li", "", { class: `step ${step.state}` });
    const inside = make(step.bounds ? "button" : "div", "", step.bounds ? { type: "button", title: "Go there" } : {});
    if (step.bounds) inside.addEventListener("click", () => window.earthPage.tell({ type: "fit", bounds: step.bounds }));
    const words = make("span", "", { class: "words" });
    const about = [step.picture ? "Picture" : KINDS[step.kind], step.tiles && count(step.tiles, "tile"), STATES[step.state]];
    const when = make("time", moment(step.made), { datetime: step.made });
    const small = make("small", about.filter(Boolean).join(" · ") + " · ");
    small.append(when);
    words.append(make("span", named(step), { class: "name", title: named(step) }), small);
    inside.append(words);
    if (step.kind === "edit" && ["done", "undone"].includes(step.state)) inside.append(pictures(step));
    line.append(inside);
    return line;
  }

  function pictures(step) {
    const box = make("span", "", { class: "thumbs" });
    for (const side of ["before", "after"]) {
      const image = make("img", "", { alt: side[0].toUpperCase() + side.slice(1), title: side, loading: "lazy", width: 44, height: 44 });
      image.addEventListener("error", () => image.remove());
      image.src = `/worlds/${state.world}/edits/${step.number}/${side}.webp?made=${encodeURIComponent(step.made)}`;
      box.append(image);
    }
    return box;
  }

  function moment(made) {
    const when = new Date(made);
    const hour = when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    if (when.toDateString() === new Date().toDateString()) return hour;
    return `${when.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${hour}`;
  }

  // The world's prompt walks with undo and redo. Its field is Gradio's, and is filled in again by
  // Gradio, unless somebody is writing there.
  const field = () => document.querySelector("#prompt textarea");
  const untouched = () => !field() || state.prompt === null || field().value === state.prompt;

  function prompt() {
    const now = state.steps.filter((step) => step.kind === "prompt" && step.state === "done").pop()?.prompt;
    if (now === undefined || now === state.prompt) return;
    if (state.prompt !== null && untouched()) get("follow")?.click();
    state.prompt = now;
  }

  // Keys on the page and, as the map tells them, in it.
  function key(event) {
    const writing = event.target?.closest?.("input:not([type=range], [type=checkbox]), textarea, select, [contenteditable]");
    if (writing || event.altKey || !(event.ctrlKey || event.metaKey)) return false;
    const name = event.key.toLowerCase();
    if (name !== "y" && name !== "z") return false;
    walk(name === "y" || event.shiftKey ? "redo" : "undo");
    return true;
  }

  function hear(data) {
    if (data.type === "ready" && data.world !== state.world) {
      Object.assign(state, { world: data.world, steps: [], prompt: null });
      state.rows.clear();
      say(get("steps-said"), "");
      show();
      list();
    }
    if (data.type === "ready" || data.type === "journal") refresh();
  }

  return { hear, key, untouched };
})();
