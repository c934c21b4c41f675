// The list and the map show the same homes: what is chosen in one is shown in the other.
const NAMED = "app-map__named";
const CHOSEN = "app-result--on-map";

export function linkList(map, homes) {
  const markers = new Map(homes.getLayers().map((marker) => [marker.options.home.provider_id, marker]));
  const linked = [];
  for (const item of document.querySelectorAll("#results .app-result")) {
    const link = item.querySelector('a[href^="/providers/"]');
    const marker = link && markers.get(link.pathname.split("/")[2]);
    if (!marker) continue;
    linked.push(marker);
    item.append(showButton(map, homes, marker));
    marker.inList = () => showInList(item, link);
    marker.on("popupopen", () => choose(map, item));
    marker.on("popupclose", () => item.classList.remove(CHOSEN));
    for (const [event, isOn] of [["mouseenter", true], ["focusin", true], ["mouseleave", false], ["focusout", false]]) {
      item.addEventListener(event, () => name(homes, marker, isOn));
    }
  }
  return { markers: linked };
}

function showButton(map, homes, marker) {
  const line = document.createElement("p");
  line.className = "app-result__wide app-map__show";
  const button = line.appendChild(document.createElement("button"));
  button.type = "button";
  button.className = "app-link-button";
  button.textContent = "Show on the map";
  const whose = button.appendChild(document.createElement("span"));
  whose.className = "nhsuk-u-visually-hidden";
  whose.textContent = `: ${marker.options.home.name}`;
  button.addEventListener("click", () => {
    map.getContainer().scrollIntoView({ block: "nearest" });
    homes.zoomToShowLayer(marker, () => {
      marker.openPopup();
      map.fire("chosen", { marker, back: button });
    });
  });
  return line;
}

function showInList(item, link) {
  item.scrollIntoView({ block: "center" });
  link.focus({ preventScroll: true });
}

function choose(map, item) {
  for (const other of document.querySelectorAll(`.${CHOSEN}`)) other.classList.remove(CHOSEN);
  item.classList.add(CHOSEN);
  // Where the map stays in sight beside the list, the list can follow it.
  const section = map.getContainer().closest("[data-map]");
  if (getComputedStyle(section).position === "sticky") item.scrollIntoView({ block: "nearest" });
}

function name(homes, marker, isOn) {
  const shown = homes.getVisibleParent(marker);
  const icon = shown && shown.getElement && shown.getElement();
  if (icon) icon.classList.toggle(NAMED, isOn);
}
