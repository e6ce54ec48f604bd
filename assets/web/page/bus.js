// @ts-check
// What happens on the page, told to whoever listens. What the map says arrives here too.

/** @type {Map<string, ((told: any) => void)[]>} */
const listeners = new Map();

/** @param {string} types of events, apart by spaces @param {(told: any) => void} hear */
export function on(types, hear) {
  for (const type of types.split(" ")) listeners.set(type, [...(listeners.get(type) ?? []), hear]);
}

/** @param {Told} told */
export function emit(told) {
  for (const hear of listeners.get(told.type) ?? []) hear(told);
}

/** What the map says before there is a panel to hear it. @type {Told[] | null} */
let early = [];

/** The panel hears the map from now on, and first what it has said already. */
export function listen() {
  const told = early ?? [];
  early = null;
  told.forEach(emit);
}

/** What was said is of a map that the panel does not show. */
export function forget() {
  if (early) early = [];
}

const frame = () => /** @type {HTMLIFrameElement | null} */ (document.getElementById("earth-map"));

/** Tell the map. @param {Told} command */
export const tellMap = (command) => frame()?.contentWindow?.postMessage(command, location.origin);

window.addEventListener("message", ({ origin, source, data }) => {
  if (origin !== location.origin || source !== frame()?.contentWindow || !data?.type) return;
  if (early) early.push(data);
  else emit(data);
});
