// @ts-check
// Figures in words.

/** @param {number} value */
export const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });

/** @param {number} metres */
const km = (metres) => (metres / 1000).toLocaleString("en", { maximumSignificantDigits: 3 });

/** @param {number} metres */
export const length = (metres) => (metres >= 10000 ? `${number(metres / 1000)} km` : `${number(metres)} m`);

/** A distance that is measured. @param {number} metres */
export const distance = (metres) => (metres >= 1000 ? `${km(metres)} km` : `${number(metres)} m`);

/** A rectangle's sides. @param {number} width metres @param {number} height metres */
export const size = (width, height) =>
  Math.min(width, height) >= 1000
    ? `${km(width)} x ${km(height)} km`
    : `${number(width)} x ${number(height)} m`;

/** @param {number} value @param {string} word one of them */
export const count = (value, word) => `${number(value)} ${word}${value === 1 ? "" : "s"}`;

/** @param {number} many */
export function bytes(many) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(many, 1)) / 3), 4);
  return `${(many / 1000 ** step).toLocaleString("en", { maximumSignificantDigits: 3 })} ${units[step]}`;
}

/** @param {number} seconds */
export function time(seconds) {
  if (seconds < 1) return "a moment";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** A resolution. @param {number} metres of a pixel @param {number} zoom */
export const resolution = (metres, zoom) =>
  `${metres < 10 ? metres.toFixed(2) : number(metres)} m per pixel (zoom ${zoom})`;

/** How far a job is. @param {Job} job */
export function progress(job) {
  if (!job.stage) return "waiting";
  const left = job.seconds_left === null ? "" : `, ${time(job.seconds_left)} left`;
  return `${job.stage}: ${number(job.done)} of ${number(job.total)}${left}`;
}

/** A place on the plane, seen from its middle. @param {number} x metres @param {number} y metres */
export function place(x, y) {
  /** @param {number} metres @param {string} plus @param {string} minus */
  const one = (metres, plus, minus) => {
    const far = Math.abs(metres);
    const side = metres < 0 ? minus : plus;
    if (far < 10000) return `${number(far)} m ${side}`;
    return `${(far / 1000).toLocaleString("en", { maximumFractionDigits: 1 })} km ${side}`;
  };
  return `${one(x, "east", "west")}, ${one(y, "north", "south")}`;
}

/** When a step was made: the hour if it was today. @param {string} made @param {Date} now */
export function moment(made, now = new Date()) {
  const when = new Date(made);
  const hour = when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (when.toDateString() === now.toDateString()) return hour;
  return `${when.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${hour}`;
}

/** How much of an export is unpainted: never 0 % or 100 % of what is painted in part.
 * @param {{unpainted: number, base_tiles: number}} estimate */
export function missing({ unpainted, base_tiles: all }) {
  if (!unpainted) return "all painted";
  if (unpainted === all) return "nothing painted yet";
  const share = Math.min(Math.max(Math.round((100 * unpainted) / all), 1), 99);
  return `${share} % unpainted (${number(unpainted)} of ${number(all)} tiles)`;
}
