// @ts-check
// Buttons at the map's edge.

/** @param {string} name its class @param {string} title @param {() => void} press
 * @param {HTMLElement} bar that it is put in */
export function edgeButton(name, title, press, bar = L.DomUtil.create("div", "leaflet-bar")) {
  const button = L.DomUtil.create("a", name, bar);
  Object.assign(button, { href: "#", title, role: "button" });
  button.setAttribute("aria-label", title);
  pressed(button, false);
  L.DomEvent.disableClickPropagation(bar);
  L.DomEvent.on(button, "click", L.DomEvent.preventDefault);
  L.DomEvent.on(button, "click", press);
  button.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    button.click();
  });
  return { bar, button };
}

/** @param {L.Map} map @param {L.ControlPosition} position @param {HTMLElement} element */
export function addControl(map, position, element) {
  const control = new L.Control({ position });
  control.onAdd = () => element;
  control.addTo(map);
}

/** @param {HTMLElement} button @param {boolean} on */
export function pressed(button, on) {
  button.classList.toggle("on", on);
  button.setAttribute("aria-pressed", String(on));
}

/** While something is drawn on the map, drags and double taps are not for moving it.
 * @param {L.Map} map @param {boolean} on */
export function hold(map, on) {
  for (const way of [map.dragging, map.doubleClickZoom]) way[on ? "disable" : "enable"]();
}
