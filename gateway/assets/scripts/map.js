// The map beside the list of what was found: places as stars, homes as clusters and flags. Everything on it
// stands in the list as well, which is all there is without this.
import { homePopup } from "./map_finding.js";
import { drawGround } from "./map_ground.js";
import { L, calm, latLng } from "./map_grid.js";
import { startKeys } from "./map_keys.js";
import { homesLayer, starsLayer } from "./map_marks.js";
import { linkList } from "./map_list.js";

const METRES_PER_MILE = 1609.344;
// Of one home alone, or of many in one place, no more is to be seen from any closer.
const CLOSEST_FIT = 13;
// Flags stand above their place, and the buttons to zoom in a corner.
const AROUND = { paddingTopLeft: [64, 64], paddingBottomRight: [36, 36] };

export async function startMap(section) {
  const say = (words) => (section.querySelector("[data-map-said]").textContent = words);
  try {
    const found = await points(section.dataset.points);
    await show(section, found);
    say(summary(found, section.dataset.noun));
  } catch (fault) {
    section.classList.add("app-map--failed");
    say(fault instanceof Refused ? fault.message : "The map could not be loaded. Load the page again to try once more; the list is complete.");
    if (!(fault instanceof Refused || fault instanceof TypeError)) throw fault;
  }
}

class Refused extends Error {}

async function points(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (answer.redirected) throw new Refused("Your session has ended. Load the page again to sign in and see the map.");
  const isTold = (answer.headers.get("Content-Type") || "").startsWith("application/json");
  const told = isTold ? await answer.json() : {};
  if (!answer.ok) throw new Refused(told.message || "The map cannot be shown just now. The list is complete.");
  return told;
}

async function show(section, found) {
  const canvas = section.querySelector("[data-map-canvas]");
  const map = L.map(canvas, {
    ...calm,
    attributionControl: false,
    zoomControl: false,
    scrollWheelZoom: false,
    minZoom: 5,
    maxZoom: 17,
    maxBounds: [[48.5, -9], [57, 4.5]],
  });
  map.setView([52.9, -1.5], 6);
  if (calm.zoomAnimation === false) standStill(map);
  L.control.zoom({ zoomInTitle: "Zoom in", zoomOutTitle: "Zoom out" }).addTo(map);
  L.control.scale({ metric: false }).addTo(map);
  letWheelZoom(map);
  await drawGround(map, section);

  const stars = starsLayer(found.origins).addTo(map);
  drawRadius(map, found.origins[0], parseFloat(section.dataset.radiusMiles));
  const several = found.origins.length > 1;
  const homes = homesLayer(found.homes.map((home) => ({ ...home, several })), homePopup(section.dataset.from)).addTo(map);
  homes.on("animationend spiderfied unspiderfied", () => map.fire("marked"));
  const list = linkList(map, homes);
  startKeys(map, homes);

  const places = stars.getLayers().map((star) => star.getLatLng());
  const fit = (markers) => {
    const all = [...places, ...markers.map((marker) => marker.getLatLng())];
    if (all.length) map.fitBounds(L.latLngBounds(all), { ...AROUND, maxZoom: CLOSEST_FIT });
  };
  const here = list.markers.length ? list.markers : homes.getLayers();
  const whole = section.querySelector("[data-map-whole]");
  const part = section.querySelector("[data-map-part]");
  whole.hidden = part.hidden = here.length === homes.getLayers().length;
  whole.addEventListener("click", () => fit(homes.getLayers()));
  part.addEventListener("click", () => fit(here));
  fit(here);
  map.fire("marked");
}

function summary({ total, shown }, noun) {
  if (!total) return `No ${noun}s to show on the map.`;
  if (shown < total) {
    return `${number(total)} ${noun}s match. The map shows the first ${number(shown)}; narrow the search to see the others.`;
  }
  return total === 1 ? `The ${noun} found is on the map.` : `All ${number(total)} ${noun}s found are on the map.`;
}

function number(count) {
  return count.toLocaleString("en-GB");
}

function drawRadius(map, origin, miles) {
  if (!origin || !(miles > 0)) return;
  L.circle(latLng(origin), {
    radius: miles * METRES_PER_MILE,
    interactive: false,
    className: "app-map__radius",
    fill: false,
  }).addTo(map);
}

// Who scrolls the page is not to be caught by the map; who has chosen the map may zoom.
function letWheelZoom(map) {
  map.on("focus click", () => map.scrollWheelZoom.enable());
  map.on("blur mouseout", () => map.scrollWheelZoom.disable());
}

function standStill(map) {
  const panBy = map.panBy;
  map.panBy = (offset, options) => panBy.call(map, offset, { ...options, animate: false });
}

const section = document.querySelector("[data-map]");
if (section) startMap(section);
