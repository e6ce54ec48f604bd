// Painting with prompts: the brush's settings, and the strokes that are drawn over the map.
"use strict";

window.earthStrokes = (() => {
  const { length, ask, say, speak, part, reveal } = window.earthShared;
  const get = (id) => document.getElementById(`brush-${id}`);
  const RADII = [0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32]; // in tiles
  const EDGES = [0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16];
  const state = { world: null, base: 8, on: false, strokes: [], shown: false, words: ["", false] };

  const side = () => (2 * Math.PI * 6378137) / 2 ** state.base;

  part("brush", () => {
    for (const [id, steps, more] of [["radius", RADII, ""], ["softness", EDGES, " more"]]) {
      get(id).max = steps.length - 1;
      speak(get(id), (step) => (steps[step] ? length(steps[step] * side()) + more : "sharp"));
      get(id).addEventListener("input", tell);
    }
    get("prompt").addEventListener("input", () => {
      if (!get("prompt").value.trim()) state.on = false;
      tell();
    });
    get("regions").checked = state.shown;
    get("regions").addEventListener("change", () => show(get("regions").checked));
    get("toggle").addEventListener("click", () => turn(!state.on));
    say(get("said"), ...state.words);
    tell();
  });

  // Words that wait for the form if it is not there yet.
  function note(...words) {
    state.words = words;
    say(get("said"), ...words);
  }

  function show(shown) {
    state.shown = shown;
    if (get("regions")) get("regions").checked = shown;
    window.earthPage.tell({ type: "strokes", strokes: shown ? state.strokes : [] });
  }

  // The brush has no colour without a prompt: the panel asks for one.
  function turn(on) {
    const prompt = get("prompt")?.value.trim();
    state.on = on && Boolean(prompt);
    if (on) reveal("part-brush", prompt ? undefined : "brush-prompt");
    if (state.on) show(true);
    const words = "Write what the land should be, then take the brush.";
    note(on && !prompt ? words : "");
    tell();
  }

  const wish = () => ({
    prompt: get("prompt").value,
    radius: RADII[get("radius").value] * side(),
    softness: EDGES[get("softness").value] * side(),
  });

  function tell() {
    if (!get("toggle")) return;
    get("toggle").setAttribute("aria-pressed", state.on);
    get("toggle").textContent = state.on ? "Lay the brush down" : "Take the brush";
    window.earthPage?.tell({ type: "brush", brush: { on: state.on, ...wish() } });
  }

  async function paint(path) {
    const { ok, said } = await ask(`/worlds/${state.world}/strokes`, "POST", { ...wish(), path });
    note(ok ? "Laid down: land painted there from now on follows it." : said.error.message, !ok);
    if (!ok) show(state.shown);
  }

  // The strokes in force, as the journal has them.
  function follow(steps) {
    state.strokes = steps.filter((step) => step.kind === "stroke" && step.state === "done");
    show(state.shown);
  }

  function hear(data) {
    if (data.type === "ready") {
      Object.assign(state, { world: data.world, base: data.base, on: false });
      for (const id of ["radius", "softness"]) get(id)?.dispatchEvent(new Event("input"));
      tell();
    }
    if (data.type === "brush") turn(data.on);
    if (data.type === "selecting" && state.on) turn(false);
    if (data.type === "stroke") paint(data.path);
  }

  // Whether there was a brush to lay down.
  function lay() {
    const was = state.on;
    if (was) turn(false);
    return was;
  }

  return { hear, follow, lay };
})();
