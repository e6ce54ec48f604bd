// What the parts of the panel share: words for figures, requests, sliders that speak, the panel's folds.
"use strict";

window.earthShared = (() => {
  const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });
  const km = (metres) => (metres / 1000).toLocaleString("en", { maximumSignificantDigits: 3 });
  const length = (metres) => (metres >= 10000 ? `${number(metres / 1000)} km` : `${number(metres)} m`);
  const size = (width, height) =>
    Math.min(width, height) >= 1000 ? `${km(width)} x ${km(height)} km` : `${number(width)} x ${number(height)} m`;
  const count = (value, word) => `${number(value)} ${word}${value === 1 ? "" : "s"}`;

  function bytes(many) {
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    const step = Math.min(Math.floor(Math.log10(Math.max(many, 1)) / 3), 4);
    return `${(many / 1000 ** step).toLocaleString("en", { maximumSignificantDigits: 3 })} ${units[step]}`;
  }

  function time(seconds) {
    if (seconds < 1) return "a moment";
    if (seconds < 90) return `${Math.ceil(seconds)} s`;
    return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
  }

  // How far a job is, in words; its line on the page, a bar and these, is that of progress() below.
  function far(job) {
    if (!job.stage) return "waiting";
    const left = job.seconds_left === null ? "" : `, ${time(job.seconds_left)} left`;
    return `${job.stage}: ${number(job.done)} of ${number(job.total)}${left}`;
  }

  // {ok, status, said}; a failure's words are said.error.message, that of the network too.
  async function ask(url, method = "GET", body = undefined, type = "application/json") {
    try {
      const sent = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
      const answer = await fetch(url, { method, body: sent, headers: sent === undefined ? {} : { "Content-Type": type } });
      return { ok: answer.ok, status: answer.status, said: await answer.json() };
    } catch {
      return { ok: false, status: 0, said: { error: { message: "the app does not answer" } } };
    }
  }

  const live = (job) => ["waiting", "running"].includes(job.state);

  // A job until it is over, told step by step. Null: it is gone, as after a restart of the app.
  async function follow(id, tell) {
    for (;;) {
      const { ok, status, said } = await ask(`/jobs/${id}`);
      if (ok) tell(said);
      if (ok ? !live(said) : status) return ok ? said : null;
      await new Promise((done) => setTimeout(done, said.state === "waiting" ? 1200 : 400));
    }
  }

  // An element with text, never HTML.
  function make(name, words = "", attributes = {}) {
    const element = document.createElement(name);
    element.textContent = words;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  // The line of a job: a bar, words, a button that cancels it.
  function progress(cancel, name = "") {
    const line = make("div", "", { class: "job" });
    const bar = make("progress", "", { max: 1, value: 0 });
    const words = make("span", "waiting");
    const button = make("button", "Cancel", { type: "button", class: "quiet" });
    button.addEventListener("click", () => {
      button.disabled = true;
      cancel();
    });
    if (name) line.append(make("b", name));
    line.append(bar, words, button);
    const show = (job) => {
      bar.value = job.total ? job.done / job.total : 0;
      words.textContent = far(job);
    };
    return { line, show, button };
  }

  function say(element, words, wrong = false) {
    if (!element) return;
    element.textContent = words;
    element.classList.toggle("wrong", wrong);
  }

  // A slider and, beside it, what its value means.
  function speak(slider, words) {
    const output = slider.closest("label").querySelector("output");
    const tell = () => {
      output.textContent = words(Number(slider.value));
      slider.setAttribute("aria-valuetext", output.textContent);
    };
    slider.addEventListener("input", tell);
    tell();
  }

  // Gradio makes a part of the panel only when it is opened, and may make it anew: then it is wired
  // again, and what was in its fields is put back.
  const parts = [];
  function part(id, wire) {
    parts.push({ id, wire, kept: new Map() });
    look();
  }

  function look() {
    for (const { id, wire, kept } of parts) {
      const box = document.getElementById(id);
      if (!box || box.dataset.wired) continue;
      box.dataset.wired = "yes";
      for (const [name, value] of kept) {
        const field = document.getElementById(name);
        if (field) field[field.type === "checkbox" ? "checked" : "value"] = value;
      }
      const keep = ({ target }) => {
        if (target.id && target.type !== "file") kept.set(target.id, target.type === "checkbox" ? target.checked : target.value);
      };
      box.addEventListener("input", keep);
      box.addEventListener("change", keep);
      wire(box);
    }
  }

  const head = (id) => document.querySelector(`#${id} > button`);
  const opened = (id) => Boolean(head(id)?.classList.contains("open"));
  const unfold = (id, open = true) => opened(id) !== open && head(id)?.click();

  // Open a part of the panel, and go there once it is made.
  function reveal(id, focus) {
    document.getElementById("panel")?.classList.remove("folded");
    unfold(id);
    setTimeout(() => {
      document.getElementById(id)?.scrollIntoView({ block: "nearest" });
      if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    }, 120);
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  return { number, length, size, count, bytes, time, far, ask, live, follow, make, progress, say, speak, part, opened, unfold, reveal };
})();
