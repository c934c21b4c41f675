// Leaflet, and where a place on the British National Grid is on its map.
import L from "leaflet";
import "leaflet.markercluster";
import proj4 from "proj4/lib/core.js";
import tmerc from "proj4/lib/projections/etmerc.js";
import Proj from "proj4/lib/Proj.js";

Proj.projections.add(tmerc);

const NATIONAL_GRID =
  "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy " +
  "+towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489 +units=m +no_defs";
const toDegrees = proj4(NATIONAL_GRID, "+proj=longlat +datum=WGS84 +no_defs");

export { L };

export function latLng({ easting, northing }) {
  const [longitude, latitude] = toDegrees.forward([easting, northing]);
  return L.latLng(latitude, longitude);
}

// What Leaflet is told when somebody asked for less to move.
export const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  ? { zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false, inertia: false }
  : {};
