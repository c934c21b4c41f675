// The ground: tiles where the settings name some, else outlines of our own with the names of towns and the
// codes of postcode districts.
import { L, latLng } from "./map_grid.js";

const UNIT = 100;
const LETTER_WIDTH = 7.2;
const LINE_HEIGHT = 18;
const GAP = 4;
// Where a name may stand, in pixels below its place, when marks stand there.
const BESIDE = [0, 26, 36, -36, -48];
// From where on codes of districts help: closer, a town's name alone says too little.
const DISTRICTS_FROM = 10;

// Tiles that fail, before the first has come, until we take it that none will.
const MOST_FAILURES = 3;

export async function drawGround(map, section) {
  const { tiles } = section.dataset;
  if (tiles) drawTiles(map, section, tiles);
  else await drawOutlines(map, section);
}

function drawTiles(map, section, address) {
  const layer = L.tileLayer(address, { maxZoom: 19, referrerPolicy: "origin" });
  let failures = 0;
  const onFailure = () => {
    failures += 1;
    if (failures < MOST_FAILURES) return;
    layer.off("tileerror", onFailure).remove();
    drawOutlines(map, section);
  };
  layer.on("tileerror", onFailure);
  layer.once("tileload", () => layer.off("tileerror", onFailure));
  layer.addTo(map);
}

// Marks without any ground under them are of use still, so nothing is said when the outlines do not come.
async function drawOutlines(map, section) {
  const drawn = await outlines(section.dataset.outlines);
  for (const credit of section.querySelectorAll("[data-map-credit]")) {
    credit.hidden = credit.dataset.mapCredit !== (drawn ? "outlines" : "");
  }
  if (!drawn) return;
  const style = (kind) => ({ interactive: false, smoothFactor: 0.5, className: `app-map__${kind}` });
  map.getContainer().classList.add("app-map__canvas--outlines");
  L.polygon(drawn.land.map((ring) => [line(ring)]), style("land")).addTo(map);
  L.polyline(drawn.councils.map(line), style("council")).addTo(map);
  L.polyline(drawn.regions.map(line), style("region")).addTo(map);
  new Names(drawn).addTo(map);
}

async function outlines(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

function line(flat) {
  const points = [];
  for (let at = 0; at < flat.length; at += 2) points.push(place(flat[at], flat[at + 1]));
  return points;
}

function place(easting, northing) {
  return latLng({ easting: easting * UNIT, northing: northing * UNIT });
}

// "marked" is when marks have come to stand where they are.
const REDRAWN = "moveend zoomend viewreset resize marked";

// As many names as there is room for, those of large towns before others.
const Names = L.Layer.extend({
  initialize({ towns, districts }) {
    this._names = [
      ...towns.map(([text, easting, northing, weight]) => ({ text, at: place(easting, northing), kind: weight > 2 ? "city" : "town" })),
      ...districts.map(([text, easting, northing]) => ({ text, at: place(easting, northing), kind: "district" })),
    ];
  },

  onAdd(map) {
    const pane = map.createPane("names");
    pane.classList.add("leaflet-zoom-hide", "app-map__names");
    pane.setAttribute("aria-hidden", "true");
    map.on(REDRAWN, this._draw, this);
    this._draw();
  },

  onRemove(map) {
    map.off(REDRAWN, this._draw, this);
  },

  _draw() {
    const map = this._map;
    const view = map.getBounds();
    const taken = marksOf(map);
    const shown = [];
    for (const name of this._names) {
      if (name.kind === "district" && map.getZoom() < DISTRICTS_FROM) break;
      if (!view.contains(name.at)) continue;
      const there = map.latLngToLayerPoint(name.at);
      const free = BESIDE.map((down) => there.add([0, down]))
        .find((point) => !taken.some((other) => overlap(boxOf(point, name), other)));
      if (!free) continue;
      taken.push(boxOf(free, name));
      shown.push(labelOf(name, free));
    }
    map.getPane("names").replaceChildren(...shown);
  },
});

function marksOf(map) {
  const origin = map.getPane("mapPane").getBoundingClientRect();
  return [...map.getPane("markerPane").children, ...map.getPane("tooltipPane").children].map((mark) => {
    const box = mark.getBoundingClientRect();
    return { left: box.left - origin.left, right: box.right - origin.left, top: box.top - origin.top, bottom: box.bottom - origin.top };
  });
}

function boxOf(point, { text, kind }) {
  const half = (text.length * LETTER_WIDTH * (kind === "city" ? 1.15 : 1)) / 2 + GAP;
  return { left: point.x - half, right: point.x + half, top: point.y - LINE_HEIGHT / 2 - GAP, bottom: point.y + LINE_HEIGHT / 2 + GAP };
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function labelOf({ text, kind }, point) {
  const label = L.DomUtil.create("span", `app-map__name app-map__name--${kind}`);
  label.textContent = text;
  L.DomUtil.setPosition(label, point);
  return label;
}
