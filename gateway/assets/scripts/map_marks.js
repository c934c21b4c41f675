// What stands on the map: a star for each place that distances count from, a flag with the number of
// vacancies for each home, a circle with the number of homes for those that are close together.
import { L, calm, latLng } from "./map_grid.js";

const STAR = "M20 3l5 11.6 12.6 1.2-9.5 8.4 2.8 12.4L20 30.1 9.1 36.6l2.8-12.4-9.5-8.4 12.6-1.2z";
const SVG = "http://www.w3.org/2000/svg";

// What is drawn is made anew whenever Leaflet asks for it, and never from text as HTML.
const Mark = L.Icon.extend({
  createIcon() {
    const mark = this.options.draw();
    mark.classList.add(...this.options.className.split(" "));
    this._setIconStyles(mark, "icon");
    return mark;
  },
  createShadow: () => null,
});

export function starsLayer(origins) {
  return L.featureGroup(origins.map((origin, index) => star(origin, origins.length > 1 ? index + 1 : 0)));
}

function star(origin, order) {
  const words = order ? `${order}: ${origin.name}` : origin.name;
  const icon = new Mark({
    className: "app-map__star",
    iconSize: [36, 36],
    iconAnchor: [18, 18],
    draw() {
      const drawn = document.createElement("span");
      drawn.setAttribute("role", "img");
      drawn.setAttribute("aria-label", ["Star at", words, ROUGHLY[origin.precision]].filter(Boolean).join(" "));
      drawn.append(starShape(order));
      return drawn;
    },
  });
  const marker = L.marker(latLng(origin), { icon, interactive: false, keyboard: false, zIndexOffset: 10_000 });
  const label = document.createElement("span");
  label.textContent = words;
  return marker.bindTooltip(label, { permanent: true, direction: "bottom", offset: [0, 14], className: "app-map__place" });
}

const ROUGHLY = { outward: "(roughly)", middle: "(middle of the area)", headquarters: "(headquarters)" };

function starShape(order) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 40 40");
  svg.setAttribute("width", "36");
  svg.setAttribute("height", "36");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STAR);
  svg.append(path);
  if (order) {
    const text = document.createElementNS(SVG, "text");
    text.setAttribute("x", "20");
    text.setAttribute("y", "26");
    text.setAttribute("text-anchor", "middle");
    text.textContent = String(order);
    svg.append(text);
  }
  return svg;
}

export function homesLayer(homes, popupOf) {
  const layer = L.markerClusterGroup({
    animate: calm.zoomAnimation !== false,
    iconCreateFunction: clusterIcon,
    maxClusterRadius: 56,
    showCoverageOnHover: false,
    spiderfyDistanceMultiplier: 2,
    spiderLegPolylineOptions: { className: "app-map__leg", interactive: false },
  });
  layer.addLayers(homes.map((home, rank) => flag(home, rank, popupOf)));
  return layer;
}

function flag(home, rank, popupOf) {
  const icon = new Mark({
    className: `app-map__home${home.fresh ? "" : " app-map__home--stale"}`,
    iconSize: [44, 44],
    iconAnchor: [22, 44],
    popupAnchor: [0, -36],
    draw() {
      const drawn = document.createElement("span");
      drawn.dataset.home = home.provider_id;
      drawn.dataset.rank = rank;
      drawn.setAttribute("aria-label", wordsOf(home));
      drawn.setAttribute("aria-haspopup", "dialog");
      const figure = drawn.appendChild(document.createElement("span"));
      figure.textContent = home.fresh ? home.vacancies : `${home.vacancies}?`;
      return drawn;
    },
  });
  const marker = L.marker(latLng(home), { icon, home, rank, riseOnHover: true });
  return marker.bindPopup(() => popupOf(home, marker), { className: "app-map__popup", minWidth: 200, maxWidth: 260 });
}

export function vacancies(count) {
  return `${count} ${count === 1 ? "vacancy" : "vacancies"}`;
}

// In a straight line from the only star, or from the first.
export function far({ distance_miles: distance, several }) {
  const figure = distance.toFixed(1);
  return `${figure} ${figure === "1.0" ? "mile" : "miles"} ${several ? "from star 1" : "away"}`;
}

function wordsOf(home) {
  return `${home.name}: ${vacancies(home.vacancies)}, ${far(home)}${home.fresh ? "" : ", figures out of date"}`;
}

function clusterIcon(cluster) {
  const inside = cluster.getAllChildMarkers();
  const beds = inside.reduce((sum, marker) => sum + marker.options.home.vacancies, 0);
  const isStale = inside.every((marker) => !marker.options.home.fresh);
  return new Mark({
    className: `app-map__cluster${isStale ? " app-map__cluster--stale" : ""}`,
    iconSize: [44, 44],
    iconAnchor: [22, 46],
    draw() {
      const drawn = document.createElement("span");
      drawn.dataset.homes = inside.length;
      drawn.dataset.rank = Math.min(...inside.map((marker) => marker.options.rank));
      drawn.setAttribute("aria-label", `${inside.length} together, ${vacancies(beds)}: look closer`);
      drawn.textContent = inside.length.toLocaleString("en-GB");
      return drawn;
    },
  });
}
