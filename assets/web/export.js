// Taking land home: what an export will be, its progress, its files.
"use strict";

window.earthExport = (() => {
  const { number, length, bytes, time, far, part } = window.earthShared;
  const get = (id) => document.getElementById(`export-${id}`);
  const state = { world: null, view: null, region: null, job: null, base: 8, asked: 0, timer: 0 };

  const wish = () => ({
    bounds: state.region || state.view,
    zoom: Number(get("zoom").value),
    format: get("format").value,
    paint_missing: get("paint").checked,
  });

  part("export", (box) => {
    for (const id of ["format", "zoom", "paint"]) get(id).addEventListener("change", () => estimate(0));
    get("go").addEventListener("click", go);
    get("cancel").addEventListener("click", cancel);
    get("clear").addEventListener("click", () => window.earthPage.tell({ type: "clear" }));
    address();
    new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && estimate(0)).observe(box);
  });

  // The links say where they lead as soon as the world is known: one that leads nowhere swallows a click.
  function address() {
    if (!state.world || !get("links")) return;
    get("package").href = `/worlds/${state.world}/package`;
    get("land").href = `/worlds/${state.world}/package?latents=true`;
    get("qgis").href = `/worlds/${state.world}/qgis.xml`;
    get("wmts").href = `/worlds/${state.world}/wmts.xml`;
    get("links").hidden = false;
  }

  // Resolutions around that of the world.
  function zooms(base) {
    if (get("zoom").dataset.base === String(base)) return;
    get("zoom").dataset.base = base;
    get("zoom").replaceChildren(
      ...[-4, -3, -2, -1, 0, 1, 2].map((step) => base + step).filter((zoom) => zoom >= 0 && zoom <= 22).map((zoom) => {
        const metres = 156543.03392804097 / 2 ** zoom;
        const text = `${metres < 10 ? metres.toFixed(2) : number(metres)} m per pixel (zoom ${zoom})`;
        return new Option(text, zoom, zoom === base, zoom === base);
      }),
    );
  }

  function say(text, wrong = false) {
    get("estimate").textContent = text;
    get("estimate").classList.toggle("wrong", wrong);
  }

  function estimate(pause = 300) {
    clearTimeout(state.timer);
    state.timer = setTimeout(look, pause);
  }

  async function look() {
    if (!state.world || !state.view || !document.getElementById("export")?.offsetParent) return;
    zooms(state.base);
    const asked = ++state.asked;
    const { bounds, ...rest } = wish();
    const [west, south, east, north] = bounds;
    get("region").textContent = `${state.region ? "The rectangle" : "The view"}: ${length(east - west)} x ${length(north - south)}`;
    get("clear").hidden = !state.region;
    const answer = await fetch(`/worlds/${state.world}/exports/estimate?${new URLSearchParams({ bounds: bounds.join(","), ...rest })}`);
    const said = await answer.json();
    if (asked !== state.asked) return;
    get("go").disabled = !answer.ok || Boolean(state.job);
    if (!answer.ok) return say(said.error.message, true);
    say(`${number(said.width)} x ${number(said.height)} px, ${number(said.tiles)} tiles, about ${bytes(said.bytes)}, ${time(said.seconds)}; ${missing(said)}`);
  }

  // How much is unpainted: never 0 % or 100 % of what is painted in part.
  function missing({ unpainted, base_tiles: all }) {
    if (!unpainted) return "all painted";
    if (unpainted === all) return "nothing painted yet";
    const share = Math.min(Math.max(Math.round((100 * unpainted) / all), 1), 99);
    return `${share} % unpainted (${number(unpainted)} of ${number(all)} tiles)`;
  }

  async function go() {
    get("go").disabled = true;
    get("files").replaceChildren();
    const head = { "Content-Type": "application/json" };
    const answer = await fetch(`/worlds/${state.world}/exports`, { method: "POST", headers: head, body: JSON.stringify(wish()) });
    const said = await answer.json();
    get("go").disabled = answer.ok;
    if (!answer.ok) return say(said.error.message, true);
    state.job = said.id;
    show(said);
    follow();
  }

  async function cancel() {
    if (state.job) await fetch(`/jobs/${state.job}`, { method: "DELETE" });
  }

  async function follow() {
    while (state.job) {
      const answer = await fetch(`/jobs/${state.job}`).catch(() => null);
      const job = answer && answer.ok ? await answer.json() : null;
      if (answer && !answer.ok) return finish(null, "the app was started again: this export is gone");
      if (job) show(job);
      if (job && !["waiting", "running"].includes(job.state)) return finish(job);
      await new Promise((done) => setTimeout(done, 400));
    }
  }

  function show(job) {
    if (get("job").hidden) {
      get("job").hidden = false;
      get("job").scrollIntoView({ block: "nearest" });
    }
    get("bar").value = job.total ? job.done / job.total : 0;
    get("state").textContent = far(job);
  }

  function finish(job, trouble = "") {
    state.job = null;
    get("job").hidden = true;
    if (job && job.state === "done") {
      get("files").replaceChildren(
        ...job.files.map((file) => {
          const link = document.createElement("a");
          link.href = file.url;
          link.download = file.name;
          link.textContent = `${file.name} (${bytes(file.bytes)})`;
          return link;
        }),
      );
      get("files").scrollIntoView({ block: "nearest" });
      get("files").firstChild?.click();
    }
    estimate(0);
    const said = trouble || job?.error?.message || (job?.state === "cancelled" ? "cancelled; what was painted is kept" : "");
    if (said) get("files").textContent = said;
  }

  // What the map says: its view, and the rectangle drawn on it.
  function hear(data) {
    if (data.type === "ready" && data.world !== state.world) Object.assign(state, { world: data.world, region: null });
    if (data.type === "ready") {
      state.base = data.base;
      address();
    }
    if (data.type === "view") state.view = data.bounds;
    if (data.type === "region") state.region = data.bounds;
    if (["ready", "view", "region"].includes(data.type)) estimate();
  }

  return { hear };
})();
