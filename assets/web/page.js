// The page around the map: which world is open, the permalink, the status line, the theme.
"use strict";

window.earthPage = (() => {
  let world = null;
  const frame = () => document.getElementById("earth-map");
  const tell = (message) => frame()?.contentWindow?.postMessage(message, location.origin);
  const dark = () => document.documentElement.classList.contains("dark") || document.body.classList.contains("dark");

  // "#world/zoom/x/y" in the address bar: a link to this very place.
  const parse = () => {
    const parts = /^#([a-z0-9][a-z0-9_-]{0,63})(\/\d{1,2}\/-?\d{1,15}\/-?\d{1,15})?$/.exec(location.hash);
    return parts ? { world: parts[1], place: parts[2] ? "#" + parts[2].slice(1) : "" } : null;
  };

  function open(id, place = "") {
    if (!id || !frame()) return;
    world = id;
    frame().src = `/worlds/${encodeURIComponent(id)}/map${place}`;
    if (!place) history.replaceState(null, "", `#${id}`);
  }

  function first(id) {
    const asked = parse();
    open(asked ? asked.world : id, asked ? asked.place : "");
  }

  function status(now) {
    const line = document.getElementById("status");
    if (!line) return;
    const seconds = now.seconds_per_tile;
    const speed = seconds ? `${seconds < 10 ? seconds.toFixed(2) : Math.round(seconds)} s a tile` : "";
    const parts = [
      [`${now.painted.toLocaleString("en")}`, "tiles painted"],
      [`${now.waiting}`, "waiting"],
      [speed, ""],
      [`${now.model}`, `on ${now.device}`],
    ];
    line.replaceChildren(
      ...parts.filter(([figure]) => figure).map(([figure, word]) => {
        const part = document.createElement("span");
        const strong = document.createElement("b");
        strong.textContent = figure;
        part.append(strong, word ? ` ${word}` : "");
        return part;
      }),
    );
    line.classList.toggle("busy", now.waiting > 0);
  }

  function theme(name) {
    document.body.classList.toggle("dark", name === "dark");
    tell({ type: "theme", theme: name });
    localStorage.setItem("earth-theme", name);
  }

  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.source !== frame()?.contentWindow) return;
    const data = event.data;
    if (data.type === "ready") theme(localStorage.getItem("earth-theme") || system());
    if (data.type === "view" && data.world === world) history.replaceState(null, "", `#${world}/${data.hash.slice(1)}`);
    if (data.type === "status") status(data.status);
    if (data.type === "key") key(data.key);
    for (const part of [window.earthExport, window.earthEdit, window.earthStrokes, window.earthHistory]) part?.hear(data);
  });
  window.addEventListener("hashchange", () => {
    const asked = parse();
    if (asked && asked.world !== world) open(asked.world, asked.place);
    else if (asked && asked.place) tell({ type: "go", hash: asked.place });
  });
  // A world file becomes a world here; the list of worlds is made with the page, so that is made anew.
  async function unpack(input) {
    const said = document.getElementById("unpack-said");
    said.textContent = "reading…";
    const head = { "Content-Type": "application/octet-stream" };
    const answer = await fetch("/worlds/unpack", { method: "POST", headers: head, body: input.files[0] });
    const found = await answer.json();
    input.value = "";
    said.textContent = answer.ok ? "" : found.error.message;
    if (!answer.ok) return;
    history.replaceState(null, "", `#${found.id}`);
    location.reload();
  }

  document.addEventListener("change", (event) => {
    if (event.target.closest?.("#unpack") && event.target.files[0]) unpack(event.target);
  });
  // Escape lays the brush down, or clears the selection; the rest is for the journal.
  function key(event) {
    if (event.key !== "Escape") return window.earthHistory?.key(event);
    return window.earthStrokes?.lay() || tell({ type: "clear" });
  }

  document.addEventListener("keydown", (event) => key(event) && event.preventDefault());
  document.addEventListener("click", (event) => {
    if (event.target.id === "theme") theme(dark() ? "light" : "dark");
    if (event.target.closest?.("#title")) document.getElementById("panel")?.classList.toggle("folded");
  });
  return { open, first, tell };
})();
