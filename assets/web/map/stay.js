// @ts-check
// Land stays where it is on the screen when the panel beside the map comes or goes.

/** @param {L.Map} map */
export function stay(map) {
  const edge = () => window.frameElement?.getBoundingClientRect().left ?? 0;
  let left = edge();
  // Leaflet has kept the middle in the middle: the middle has moved by half of what the edge has.
  map.on("resize", () => {
    const moved = edge() - left;
    left += moved;
    if (moved) map.panBy([moved / 2, 0], { animate: false });
  });
}
