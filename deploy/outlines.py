"""Make the outlines that the map shows where there are no tiles: gateway/assets/map/outlines.json.

All of it comes from lists of our own. The coast and the land border join the places of ``coast.csv``, known
to about a mile. Councils and regions are divided half way between the middles of the postcode districts
that search knows (Voronoi cells, joined where the council is the same). So they show roughly where one is,
and nothing is to be measured by them.

``python -m deploy.outlines`` writes the file; a test says when it is no longer what this makes.
"""

from __future__ import annotations

import collections
import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts import areas

ROOT = Path(__file__).resolve().parent.parent
DISTRICTS = ROOT / "services" / "search" / "reference" / "outward_codes.csv"
COAST = ROOT / "gateway" / "assets" / "map" / "coast.csv"
OUTLINES = ROOT / "gateway" / "assets" / "map" / "outlines.json"

UNIT = 100
"""Metres to which everything is rounded."""
FARTHEST = 100_000.0
"""Metres from its middle beyond which no district reaches."""
SAME_TOWN = 25_000.0
"""Metres within which places of one name are one town; Richmond is two."""

Point = tuple[float, float]
Line = list[Point]
Ring = list[Point]


@dataclass(frozen=True)
class District:
    """A postcode district: its code, its middle, the town it belongs to and the council it lies in."""

    code: str
    middle: Point
    town: str
    council: str
    region: str


def make() -> dict[str, Any]:
    """Return everything the map draws, in units of 100 m on the British National Grid.

    ``land`` are rings; ``councils`` and ``regions`` are lines where two of a kind meet, a line
    that divides regions being among these alone; ``towns`` are name, place and how many districts they have,
    largest first; ``districts`` are code and place.
    """
    found = districts()
    land = coast()
    regions, councils = borders(found)
    return {
        "land": [_flat(ring) for ring in land],
        "regions": [_flat(line) for line in _joined(_on_land(regions, land))],
        "councils": [_flat(line) for line in _joined(_on_land(councils, land))],
        "towns": [[name, *_flat([place]), weight] for name, place, weight in towns(found)],
        "districts": [[district.code, *_flat([district.middle])] for district in found],
    }


def districts() -> list[District]:
    """Return the postcode districts of towns that search knows without an import."""
    with DISTRICTS.open(newline="") as rows:
        return [
            District(
                code=row["outward_code"],
                middle=(float(row["easting"]), float(row["northing"])),
                town=row["town"],
                council=row["council_code"],
                region=council.region_code if (council := areas.council(row["council_code"])) else "",
            )
            for row in csv.DictReader(rows)
            if row["town"]
        ]


def coast() -> list[Ring]:
    """Return the outline of each island, or of the part of it that is England."""
    rings: dict[str, Ring] = collections.defaultdict(list)
    with COAST.open(newline="") as rows:
        for row in csv.DictReader(rows):
            rings[row["island"]].append((float(row["easting"]), float(row["northing"])))
    return list(rings.values())


def is_inside(point: Point, ring: Ring) -> bool:
    """Tell whether a point lies within a ring."""
    (x, y), inside = point, False
    for (x1, y1), (x2, y2) in _sides(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def towns(found: Iterable[District]) -> list[tuple[str, Point, int]]:
    """Return each town, where its middlemost district is and how many it has, the largest first."""
    groups: list[tuple[str, list[Point]]] = []
    for district in sorted(found, key=lambda one: (one.town, one.code)):
        for name, places in groups:
            if name == district.town and min(math.dist(district.middle, one) for one in places) < SAME_TOWN:
                places.append(district.middle)
                break
        else:
            groups.append((district.town, [district.middle]))
    named = [(name, _middlemost(places), len(places)) for name, places in groups]
    return sorted(named, key=lambda town: (-town[2], town[0], town[1]))


def _middlemost(places: Sequence[Point]) -> Point:
    return min(places, key=lambda place: (sum(math.dist(place, other) for other in places), place))


def borders(found: Sequence[District]) -> tuple[list[Line], list[Line]]:
    """Return the lines between districts of two regions, and of two councils in one region."""
    regions: list[Line] = []
    councils: list[Line] = []
    for index, district in enumerate(found):
        for start, end, other_index in _cell(found, index):
            other = found[other_index]
            if other_index < index or other.council == district.council:
                continue
            (councils if other.region == district.region else regions).append([start, end])
    return regions, councils


def _cell(found: Sequence[District], index: int) -> Iterator[tuple[Point, Point, int]]:
    """Give each side of what is nearer to a district's middle than to any other's, and who is beyond."""
    x, y = found[index].middle
    corners = [
        (x + dx * FARTHEST, y + dy * FARTHEST, index) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    others = sorted(
        (math.dist(found[index].middle, other.middle), number)
        for number, other in enumerate(found)
        if number != index
    )
    for distance, number in others:
        if distance > 2 * max(math.dist((x, y), corner[:2]) for corner in corners):
            break
        corners = _cut(corners, (x, y), found[number].middle, number)
    for (x1, y1, number), (x2, y2, _) in zip(corners, corners[1:] + corners[:1], strict=True):
        if number != index:
            yield (x1, y1), (x2, y2), number


def _cut(
    corners: list[tuple[float, float, int]], own: Point, other: Point, number: int
) -> list[tuple[float, float, int]]:
    """Return what is left of a convex area without what is nearer to ``other``; sides go with their start."""
    middle = ((own[0] + other[0]) / 2, (own[1] + other[1]) / 2)
    across = (other[0] - own[0], other[1] - own[1])

    def beyond(corner: tuple[float, float, int]) -> float:
        return (corner[0] - middle[0]) * across[0] + (corner[1] - middle[1]) * across[1]

    left: list[tuple[float, float, int]] = []
    for here, there in zip(corners, corners[1:] + corners[:1], strict=True):
        at, to = beyond(here), beyond(there)
        if at <= 0:
            left.append(here)
        if (at <= 0) != (to <= 0):
            share = at / (at - to)
            x, y = here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])
            left.append((x, y, number if at <= 0 else here[2]))
    return left


def _on_land(lines: Iterable[Line], land: Sequence[Ring]) -> list[Line]:
    """Return the parts of straight lines that lie on land."""
    kept = []
    for start, end in lines:
        cuts = {0.0, 1.0}
        for ring in land:
            cuts |= {cut for side in _sides(ring) if (cut := _crossing(start, end, *side)) is not None}
        for low, high in zip(sorted(cuts), sorted(cuts)[1:], strict=False):
            part = [_along(start, end, low), _along(start, end, high)]
            middle = _along(start, end, (low + high) / 2)
            if any(is_inside(middle, ring) for ring in land):
                kept.append(part)
    return kept


def _crossing(start: Point, end: Point, one: Point, two: Point) -> float | None:
    """Return how far along a line another crosses it, if it does."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    ex, ey = two[0] - one[0], two[1] - one[1]
    turn = dx * ey - dy * ex
    if turn == 0:
        return None
    along = ((one[0] - start[0]) * ey - (one[1] - start[1]) * ex) / turn
    across = ((one[0] - start[0]) * dy - (one[1] - start[1]) * dx) / turn
    return along if 0 < along < 1 and 0 <= across <= 1 else None


def _along(start: Point, end: Point, share: float) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _joined(lines: Iterable[Line]) -> list[Line]:
    """Return lines that begin where others end as one."""
    left = [[_rounded(point) for point in line] for line in lines]
    left = [line for line in left if line[0] != line[-1]]
    ends: dict[Point, list[Line]] = collections.defaultdict(list)
    for line in left:
        ends[line[0]].append(line)
        ends[line[-1]].append(line)
    used: set[int] = set()
    joined = []
    for line in left:
        if id(line) not in used:
            used.add(id(line))
            onward = _walk(line[-1], ends, used)
            back = _walk(line[0], ends, used)
            joined.append([*reversed(back), *line, *onward])
    return joined


def _walk(at: Point, ends: dict[Point, list[Line]], used: set[int]) -> Line:
    """Return the points that follow one, as far as the way does not fork."""
    points: Line = []
    while len(ends[at]) == 2:
        following = [line for line in ends[at] if id(line) not in used]
        if not following:
            break
        line = following[0]
        used.add(id(line))
        at = line[-1] if line[0] == at else line[0]
        points.append(at)
    return points


def _sides(ring: Ring) -> Iterator[tuple[Point, Point]]:
    return zip(ring, ring[1:] + ring[:1], strict=True)


def _rounded(point: Point) -> Point:
    return float(round(point[0] / UNIT) * UNIT), float(round(point[1] / UNIT) * UNIT)


def _flat(points: Iterable[Point]) -> list[int]:
    return [round(number / UNIT) for point in points for number in point]


def as_text() -> str:
    """Return the file, a line for each thing on the map, so that changes can be read."""
    kinds = [
        f"{json.dumps(kind)}: [\n"
        + ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in things)
        + "\n]"
        for kind, things in make().items()
    ]
    return "{\n" + ",\n".join(kinds) + "\n}\n"


if __name__ == "__main__":
    OUTLINES.write_text(as_text())
