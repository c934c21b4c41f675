// The map by keyboard: Tab and the arrows lead from mark to mark, Enter opens one, Escape closes it and
// leads back to where one was.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function startKeys(map, homes) {
  const pane = map.getPane("markerPane");
  let back = null;
  let opensByKey = false;
  let isInside = false;

  homes.on("keydown", ({ layer, originalEvent }) => {
    if (isPress(originalEvent)) {
      originalEvent.preventDefault();
      opensByKey = true;
      layer.openPopup();
    }
  });
  homes.on("clusterkeydown", ({ layer, originalEvent }) => {
    if (isPress(originalEvent)) {
      originalEvent.preventDefault();
      open(homes, layer);
    }
  });
  map.on("popupopen", ({ popup }) => {
    describe(popup);
    back = popup._source.getElement();
    if (opensByKey) enter(popup);
    opensByKey = false;
  });
  map.on("chosen", ({ marker, back: button }) => {
    enter(marker.getPopup());
    back = button;
  });
  // The popup is gone when its closing is told, and the focus with it.
  document.addEventListener("focusin", ({ target }) => (isInside = Boolean(target.closest(".leaflet-popup"))));
  map.on("popupclose", () => {
    if (isInside) (back && back.isConnected ? back : map.getContainer()).focus();
  });

  pane.addEventListener("keydown", (event) => {
    if (event.key in ARROWS) {
      event.preventDefault();
      const next = nearest(pane, event.target, ARROWS[event.key]);
      if (next) next.focus();
    }
  });
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key === "Escape") map.closePopup();
  });

  // Tab leads from the nearest home to the farthest, as the list does.
  const inOrder = () => order(pane);
  homes.on("animationend spiderfied unspiderfied", inOrder);
  map.on("moveend", inOrder);
  inOrder();
}

function isPress(event) {
  return event.key === "Enter" || event.key === " ";
}

// Closer, until the homes stand apart; those in one and the same place are spread out.
function open(homes, cluster) {
  const inside = cluster.getAllChildMarkers().sort((one, other) => one.options.rank - other.options.rank);
  const follow = () => {
    homes.off("animationend spiderfied", follow);
    const shown = homes.getVisibleParent(inside[0]);
    const icon = (inside[0].getElement() || (shown && shown.getElement()));
    if (icon) icon.focus();
  };
  homes.on("animationend spiderfied", follow);
  homes._zoomOrSpiderfy({ type: "clusterclick", layer: cluster, target: homes });
}

function describe(popup) {
  const box = popup.getElement();
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-labelledby", `map-${popup._source.options.home.provider_id}`);
}

function enter(popup) {
  const first = popup.getElement().querySelector("a[href], button");
  if (first) first.focus({ preventScroll: true });
}

// The mark that lies best in a direction: near, and not far to the side.
function nearest(pane, from, [dx, dy]) {
  const middle = (element) => {
    const box = element.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = middle(from);
  let best = null;
  let least = Infinity;
  for (const mark of pane.querySelectorAll("[tabindex]")) {
    const [otherX, otherY] = middle(mark);
    const ahead = (otherX - x) * dx + (otherY - y) * dy;
    const aside = Math.abs((otherX - x) * dy) + Math.abs((otherY - y) * dx);
    if (mark !== from && ahead > 0 && ahead + 2 * aside < least) {
      [best, least] = [mark, ahead + 2 * aside];
    }
  }
  return best;
}

function order(pane) {
  const marks = [...pane.querySelectorAll("[data-rank]")].sort((one, other) => one.dataset.rank - other.dataset.rank);
  const focused = marks.indexOf(document.activeElement);
  // What has the focus would lose it if it were moved: the others are put around it.
  marks.slice(0, Math.max(focused, 0)).forEach((mark) => pane.insertBefore(mark, marks[focused]));
  marks.slice(focused + 1).forEach((mark) => pane.append(mark));
}
