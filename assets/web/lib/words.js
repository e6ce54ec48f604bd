// @ts-check
// Figures in words.
import { locale, phrase } from "./phrases.js";

/** @param {number} value */
export const number = (value) => value.toLocaleString(locale, { maximumFractionDigits: 0 });

/** With as many places after the point. @param {number} value @param {number} places */
export const figure = (value, places) =>
  value.toLocaleString(locale, { minimumFractionDigits: places, maximumFractionDigits: places });

/** @param {number} metres */
const km = (metres) => (metres / 1000).toLocaleString(locale, { maximumSignificantDigits: 3 });

/** @param {number} metres */
export const length = (metres) =>
  metres >= 10000 ? phrase("length.km", { n: metres / 1000 }) : phrase("length.m", { n: metres });

/** A distance that is measured. @param {number} metres */
export const distance = (metres) =>
  metres >= 1000 ? phrase("length.km", { n: km(metres) }) : phrase("length.m", { n: metres });

/** A rectangle's sides. @param {number} width metres @param {number} height metres */
export const size = (width, height) =>
  Math.min(width, height) >= 1000
    ? phrase("size.km", { width: km(width), height: km(height) })
    : phrase("size.m", { width, height });

/** How many of something. @param {number} count @param {"tile"} thing */
export const count = (count, thing) => phrase(`count.${thing}`, { count });

/** @param {number} many */
export function bytes(many) {
  const units = ["b", "kb", "mb", "gb", "tb"];
  const step = Math.min(Math.floor(Math.log10(Math.max(many, 1)) / 3), 4);
  const n = (many / 1000 ** step).toLocaleString(locale, { maximumSignificantDigits: 3 });
  return phrase(`bytes.${units[step]}`, { n });
}

/** @param {number} seconds */
export function time(seconds) {
  if (seconds < 1) return phrase("time.moment");
  if (seconds < 90) return phrase("time.s", { n: Math.ceil(seconds) });
  if (seconds < 5400) return phrase("time.min", { n: Math.round(seconds / 60) });
  return phrase("time.h", { n: figure(seconds / 3600, 1) });
}

/** A resolution. @param {number} metres of a pixel @param {number} zoom */
export const resolution = (metres, zoom) =>
  phrase("resolution", {
    metres: metres < 10 ? figure(metres, 2) : metres,
    zoom: Number.isInteger(zoom) ? zoom : figure(zoom, 1),
  });

/** How far a job is. @param {Job} job */
export function progress(job) {
  if (!job.stage) return phrase("job.waiting");
  const { done, total } = job;
  const told = { stage: phrase(`stage.${job.stage}`), done, total };
  if (job.seconds_left === null) return phrase("job.progress", told);
  return phrase("job.progress-left", { ...told, time: time(job.seconds_left) });
}

/** A place on the plane, seen from its middle. @param {number} x metres @param {number} y metres */
export function place(x, y) {
  /** @param {number} metres */
  const far = (metres) => {
    const n = Math.abs(metres);
    if (n < 10000) return phrase("length.m", { n });
    return phrase("length.km", { n: (n / 1000).toLocaleString(locale, { maximumFractionDigits: 1 }) });
  };
  const east = phrase(x < 0 ? "place.west" : "place.east", { far: far(x) });
  return `${east}, ${phrase(y < 0 ? "place.south" : "place.north", { far: far(y) })}`;
}

/** When a step was made: the hour if it was today. @param {string} made @param {Date} now */
export function moment(made, now = new Date()) {
  const when = new Date(made);
  const hour = when.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  if (when.toDateString() === now.toDateString()) return hour;
  return `${when.toLocaleDateString(locale, { day: "numeric", month: "short" })} ${hour}`;
}

/** How much of an export is unpainted: never 0 % or 100 % of what is painted in part.
 * @param {{unpainted: number, base_tiles: number}} estimate */
export function missing({ unpainted, base_tiles: all }) {
  if (!unpainted) return phrase("missing.none");
  if (unpainted === all) return phrase("missing.all");
  const share = Math.min(Math.max(Math.round((100 * unpainted) / all), 1), 99);
  return phrase("missing.some", { share, unpainted, all });
}
