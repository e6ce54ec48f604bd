// The selection in words, and painting it anew: at once, or one of three candidates; or with a picture.
"use strict";

window.earthEdit = (() => {
  const { size, count, number, ask, follow, make, progress, say, speak, part, opened, unfold, reveal } = window.earthShared;
  const get = (id) => document.getElementById(id);
  const nothing = { count: 0, tiles: [], bounds: null };
  const state = { world: null, base: 8, view: null, selection: nothing, limit: 256, three: null, words: ["", false] };
  const IN_LINE = "In line: it shows on the map when it is painted.";

  part("edit", (box) => {
    state.limit = Number(box.dataset.limit);
    speak(get("edit-strength"), strength);
    get("edit-dice").addEventListener("click", () => {
      get("edit-seed").value = Math.floor(Math.random() * 2 ** 31);
      get("edit-seed").dispatchEvent(new Event("input", { bubbles: true }));
    });
    get("edit-clear").addEventListener("click", () => window.earthPage.tell({ type: "clear" }));
    get("edit-go").addEventListener("click", () => apply(wish()));
    get("edit-three").addEventListener("click", () => ask3(wish()));
    say(get("edit-said"), ...state.words);
    select();
    candidates();
  });

  // Words that wait for the form if it is not there yet.
  function note(...words) {
    state.words = words;
    say(get("edit-said"), ...words);
  }

  function strength(value) {
    if (value >= 1) return "all new";
    if (value >= 0.7) return "hints of the land stay";
    return value >= 0.4 ? "keeps the large shapes" : "keeps the land's shapes";
  }

  const wish = () => ({
    tiles: state.selection.tiles,
    prompt: get("edit-prompt").value,
    negative_prompt: get("edit-negative").value,
    strength: Number(get("edit-strength").value),
    ...(get("edit-seed").value === "" ? {} : { seed: Number(get("edit-seed").value) }),
  });

  // What is selected, and what it allows.
  function select() {
    const { selection, limit } = state;
    spot();
    if (!get("edit")) return;
    const tooMany = selection.count > limit;
    const words = selection.count ? described(selection) : "Nothing is selected";
    say(get("edit-selection"), tooMany ? `${words}: an edit may have ${number(limit)}` : words, tooMany);
    get("edit-clear").hidden = !selection.count;
    get("edit-hint").hidden = Boolean(selection.count);
    for (const id of ["edit-go", "edit-three"]) get(id).disabled = !selection.count || tooMany;
    get("edit-three").disabled ||= Boolean(state.three);
  }

  function described({ count: many, bounds: [west, south, east, north] }) {
    return `${count(many, "tile")}, ${size(east - west, north - south)}`;
  }

  async function apply(body) {
    const { world } = state;
    const { ok, said } = await ask(`/worlds/${world}/edits`, "POST", body);
    note(ok ? IN_LINE : said.error.message, !ok);
    return ok;
  }

  // Three candidates, one seed apart. Nothing is kept until one is picked.
  async function ask3(body) {
    const { world } = state;
    const { ok, said } = await ask(`/worlds/${world}/variants`, "POST", { ...body, count: 3 });
    if (!ok) return note(said.error.message, true);
    note("");
    const three = (state.three = { world, body, seeds: said.seeds, id: said.job.id, job: said.job });
    candidates();
    const job = await follow(three.id, (now) => {
      three.job = now;
      if (state.three === three) three.progress?.show(now);
    });
    if (state.three !== three) return;
    if (job?.state === "done") three.job = job;
    else drop(job?.error?.message || (job ? "" : "the app was started again: ask anew"));
    candidates();
  }

  function candidates() {
    const box = get("edit-variants");
    if (!box) return;
    const three = state.three;
    box.hidden = !three;
    get("edit-three").disabled = Boolean(three) || !state.selection.count || state.selection.count > state.limit;
    if (!three) return box.replaceChildren();
    if (three.job.state !== "done") {
      three.progress = progress(() => none(three), "Three candidates");
      three.progress.show(three.job);
      return box.replaceChildren(three.progress.line);
    }
    const pictures = three.job.files.map((file, index) => {
      const button = make("button", "", { type: "button", class: "candidate", title: `Take candidate ${index + 1}` });
      button.append(make("img", "", { src: file.url, alt: `Candidate ${index + 1}` }));
      button.addEventListener("click", () => pick(three, index));
      return button;
    });
    const row = make("div", "", { class: "candidates" });
    row.append(...pictures);
    const away = make("button", "None of these", { type: "button", class: "quiet" });
    away.addEventListener("click", () => none(three));
    box.replaceChildren(make("p", "Pick one: it is painted into the land."), row, away);
    row.firstChild?.focus({ preventScroll: true });
  }

  async function pick(three, index) {
    if (!(await apply({ ...three.body, seed: three.seeds[index] }))) return;
    drop(IN_LINE);
    ask(`/jobs/${three.id}`, "DELETE");
  }

  function none(three) {
    drop("");
    ask(`/jobs/${three.id}`, "DELETE");
  }

  function drop(words) {
    state.three = null;
    note(words);
    candidates();
    select();
  }

  part("picture", () => {
    speak(get("picture-strength"), (value) => (value >= 1 ? "as it is" : value >= 0.5 ? "close to it" : "in the world's style"));
    get("picture-file").addEventListener("change", spot);
    get("picture-go").addEventListener("click", place);
    spot();
  });

  const middle = ([west, south, east, north]) => ({ x: (west + east) / 2, y: (south + north) / 2 });
  const tiff = (file) => /\.tiff?$/i.test(file?.name || "");

  // Where a picture will go, and at which zoom.
  function spot() {
    if (!get("picture")) return;
    if (get("picture-zoom").dataset.base !== String(state.base)) {
      get("picture-zoom").dataset.base = state.base;
      const zooms = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((step) => state.base + step).filter((zoom) => zoom >= 0 && zoom <= 22);
      const words = (zoom) => `${number(156543.03392804097 / 2 ** zoom)} m per pixel (zoom ${zoom})`;
      get("picture-zoom").replaceChildren(...zooms.map((zoom) => new Option(words(zoom), zoom, zoom === state.base, zoom === state.base)));
    }
    const file = get("picture-file").files[0];
    const where = state.selection.count ? "the middle of the selection" : "the middle of the view";
    say(get("picture-spot"), tiff(file) ? "A GeoTIFF goes to its own place." : `It goes to ${where}.`);
    get("picture-go").disabled = !file || !state.world;
  }

  async function place() {
    const file = get("picture-file").files[0];
    const { x, y } = middle(state.selection.bounds || state.view);
    const asked = { x, y, zoom: get("picture-zoom").value, strength: get("picture-strength").value };
    const query = new URLSearchParams({ ...asked, prompt: get("picture-prompt").value });
    get("picture-go").disabled = true;
    say(get("picture-said"), "Sending…");
    const { ok, said } = await ask(`/worlds/${state.world}/pictures?${query}`, "POST", file, "application/octet-stream");
    say(get("picture-said"), ok ? IN_LINE : said.error.message, !ok);
    if (ok) get("picture-file").value = "";
    spot();
    if (ok && tiff(file)) visit(said.revision);
  }

  // Show where an edit is: a GeoTIFF's own place may be anywhere.
  async function visit(number) {
    const { ok, said } = await ask(`/worlds/${state.world}/edits`);
    const step = ok && said.find((each) => each.number === number);
    if (step) window.earthPage.tell({ type: "fit", bounds: step.bounds });
  }

  function hear(data) {
    if (data.type === "ready") {
      if (data.world !== state.world) {
        if (state.three) none(state.three);
        state.world = data.world;
      }
      state.base = data.base;
      state.selection = nothing;
      select();
    }
    if (data.type === "view") state.view = data.bounds;
    if (data.type === "hint") note(data.text, true);
    if (data.type !== "selection") return;
    // The first tile that is chosen opens the form, in the place of the world's prompt, unless it is
    // for another one: an export's rectangle, or a picture's place.
    if (data.count && !state.selection.count && !["part-edit", "home", "part-picture"].some(opened)) {
      if (window.earthHistory.untouched()) unfold("part-world", false);
      reveal("part-edit");
    }
    if (data.count) note("");
    state.selection = data;
    select();
  }

  // No edit is in line any more.
  function settled() {
    if (state.words[0] === IN_LINE) note("");
    const said = get("picture-said");
    if (said?.textContent === IN_LINE) say(said, "");
  }

  return { hear, settled };
})();
