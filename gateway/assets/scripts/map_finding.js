// What the popup of a home says, and where it leads.
import { far, vacancies } from "./map_marks.js";

export function homePopup(from) {
  return (home, marker) => {
    const said = document.createElement("div");
    const name = paragraph(home.name, "app-map__popup-name");
    name.id = `map-${home.provider_id}`;
    said.append(
      name,
      paragraph(`${vacancies(home.vacancies)}, ${far(home)}`),
      home.fresh ? "" : paragraph("The figures are out of date: ring before you count on them.", "app-map__popup-stale"),
      links(home, marker, from),
    );
    return said;
  };
}

function links(home, marker, from) {
  const line = paragraph("", "app-map__popup-links");
  const details = line.appendChild(document.createElement("a"));
  details.href = `${home.href}?from=${encodeURIComponent(from)}`;
  details.textContent = "Details";
  const whose = details.appendChild(document.createElement("span"));
  whose.className = "nhsuk-u-visually-hidden";
  whose.textContent = ` of ${home.name}`;
  if (marker.inList) {
    const button = line.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = "app-link-button";
    button.textContent = "Show in the list";
    button.addEventListener("click", marker.inList);
  }
  return line;
}

function paragraph(text, className = "") {
  const made = document.createElement("p");
  made.className = className;
  made.textContent = text;
  return made;
}
