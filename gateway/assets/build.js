// Builds everything the pages load into gateway/assets/dist, under names that carry a hash of the
// content, so that browsers may keep each file for ever; manifest.json maps plain names to them.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const manifest = {};
const LICENCES = [
  "leaflet/LICENSE",
  "leaflet.markercluster/MIT-LICENCE.txt",
  "proj4/LICENSE.md",
  "wkt-parser/LICENSE.md",
];

function keep(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const extension = extname(name);
  manifest[name] = `${name.slice(0, -extension.length)}.${hash}${extension}`;
  writeFileSync(join(dist, manifest[name]), content);
}

function buildStyles() {
  for (const name of ["tracker", "print", "map"]) {
    const built = sass.compile(join(here, "scss", `${name}.scss`), {
      style: "compressed",
      loadPaths: [join(here, "..", "..", "node_modules")],
      quietDeps: true,
    });
    keep(`${name}.css`, built.css);
  }
}

function buildScripts() {
  for (const name of ["tracker", "map"]) {
    const built = esbuild.buildSync({
      entryPoints: [join(here, "scripts", `${name}.js`)],
      bundle: true,
      format: "esm",
      minify: true,
      target: "es2020",
      write: false,
    });
    keep(`${name}.js`, built.outputFiles[0].contents);
  }
}

// What the map is drawn on where there are no tiles, and the licences of what draws it.
function copyMap() {
  keep("outlines.json", JSON.stringify(JSON.parse(readFileSync(join(here, "map", "outlines.json"), "utf8"))));
  const text = (path) => readFileSync(join(here, "..", "..", "node_modules", path), "utf8").trim();
  keep("licences.txt", LICENCES.map((path) => `${dirname(path)}\n\n${text(path)}\n`).join("\n\n"));
}

function copyDocs() {
  const from = join(here, "..", "..", "node_modules", "swagger-ui-dist");
  for (const name of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
    keep(name, readFileSync(join(from, name)));
  }
  keep("docs.js", readFileSync(join(here, "scripts", "docs.js")));
}

function copyImages() {
  const images = join(here, "images");
  for (const name of readdirSync(images)) {
    keep(name, readFileSync(join(images, name)));
  }
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
buildStyles();
buildScripts();
copyImages();
copyDocs();
copyMap();
writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
