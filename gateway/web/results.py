"""What a page tells of each place that a search found: in words, so that a call is needed only to arrange it.

A page holds twenty of them and is asked for often, so everything is worked out here, in plain Python, and the
template only writes it down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from contracts import vocabulary
from gateway import choices
from gateway.web import criteria, words

LOCATION_ID = re.compile(r"[A-Za-z0-9-]{3,40}")
LONGEST_START = 10
"""Letters of a postcode from where the way is shown; what an address holds may be longer."""
LONGEST_ALERT, LONGEST_NOTE = 160, 160
BEFORE_A_MATCH = 40
"""Letters of a long note that stand before the first word that was looked for."""
FEW_CONTRACTS = 2
"""So many are named outright, more behind one press."""
ON_PAPER = 12
"""So many contracts are named where nothing can be pressed."""
NOTES = 2
Marker = Callable[[str], Markup]


def shown(
    found: Mapping[str, Any], *, bed_type: str, sought: str, back: str, travel_url: str, now: datetime
) -> list[dict[str, Any]]:
    """Return what is told of each result.

    ``sought`` are the words looked for in notes, ``back`` is the address of this page of results.
    """
    mark = marker(sought)
    origins = found.get("origins") or [found["origin"]]
    query = f"?from={quote(back, safe='')}"
    return [
        {
            "name": result["name"],
            "href": f"/providers/{result['provider_id']}{query}",
            "kind": kind_of(result),
            "place": ", ".join(filter(None, (result.get("address"), result.get("town")))),
            "postcode": result["postcode"],
            "brand": result.get("brand"),
            "distances": distances(result, origins, travel_url=travel_url),
            **vacancies(result, bed_type),
            "beds": beds(result, bed_type),
            "alerts": [_alert(alert) for alert in result.get("alerts") or ()],
            "notes": [mark(note["text"]) for note in (result.get("notes") or ())[:NOTES]],
            "facts": facts(result),
            "contracts": contracts(result),
            "age": age(result, now),
            "cqc": cqc(result),
            "phone": result.get("phone"),
            "dial": words.telephone_link(result.get("phone") or ""),
            "email": result.get("email"),
            "website": words.web_link(result.get("website")),
        }
        for result in found["results"]
    ]


def kind_of(result: Mapping[str, Any]) -> str:
    """Say what is not a care home."""
    kind = result.get("type", "care_home")
    return "" if kind == "care_home" else choices.label(kind, "provider_type")


def distances(
    result: Mapping[str, Any], origins: Sequence[Mapping[str, Any]], *, travel_url: str
) -> list[dict[str, str]]:
    """Return how far it is from each place, with a link that shows the way."""
    far = result.get("distances_miles") or [result["distance_miles"]]
    several = len(far) > 1
    return [
        {
            "words": words.miles(miles),
            "start": place_of(origin) if several else "",
            "travel": travel(travel_url, start=origin.get("postcode") or "", to=result["postcode"]),
        }
        for miles, origin in zip(far, origins, strict=False)
        if miles is not None
    ]


def place_of(origin: Mapping[str, Any]) -> str:
    """Return what the place of a search is called."""
    return str(origin.get("postcode") or origin.get("name") or origin.get("area") or "")


def travel(travel_url: str, *, start: str, to: str) -> str:
    """Return the address of a page that shows the way; none where no such page is set, or no start is one."""
    if "{to}" not in travel_url or len(start) > LONGEST_START:
        return ""
    return travel_url.replace("{from}", quote(start)).replace("{to}", quote(to))


def vacancies(result: Mapping[str, Any], bed_type: str) -> dict[str, int | None]:
    """Return the vacancies of the bed type asked for, as the map does, and those in all where they differ."""
    every = result["vacancies"]
    of_type = sum(bed["accepting"] or 0 for bed in result["bed_types"] if bed["bed_type"] == bed_type)
    told = of_type or every
    return {"vacancies": told, "in_all": every if every != told else None}


def beds(result: Mapping[str, Any], bed_type: str) -> list[dict[str, Any]]:
    """Return the vacancies by type, with their price."""
    return [
        {
            "number": bed["accepting"],
            "name": _bed_name(bed),
            "people": ("person" if bed["accepting"] == 1 else "people")
            if bed.get("unit") == "person"
            else "",
            "price": words.pounds(bed.get("weekly_price_from")),
            "is_chosen": bed["bed_type"] == bed_type,
        }
        for bed in result["bed_types"]
        if bed["accepting"]
    ]


def _bed_name(bed: Mapping[str, Any]) -> str:
    name = choices.label(bed["bed_type"], "bed_type")
    return name if name != bed["bed_type"] else bed.get("label") or name


def _alert(alert: Mapping[str, Any]) -> dict[str, str]:
    until = f" to {words.date_words(alert['ends_on'])}" if alert.get("ends_on") else ""
    text = _cut(alert.get("text") or "", LONGEST_ALERT)
    since = f"since {words.date_words(alert['starts_on'])}{until}"
    return {
        "kind": choices.label(alert["kind"], "alert_kind"),
        "words": f"{since}: {text}" if text else since,
    }


def facts(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what else decides, each with what it is about; what is not told is left out."""
    needs = [_need(code, number) for code, number in (result.get("capabilities") or {}).items()]
    short = [choices.label(code, "short_stay_service") for code in result.get("short_stay_services") or ()]
    admits = [
        said
        for name, said in (("accepting_out_of_hours", "out of hours"), ("weekend_admissions", "at weekends"))
        if result.get(name)
    ]
    told = (
        ("Needs met", ", ".join(needs)),
        ("Short stay", ", ".join(short)),
        ("Funding", ", ".join(map(words.funding, result.get("funding_sources") or ()))),
        ("Languages", ", ".join(result.get("languages") or ())),
        ("Admits", " and ".join(admits)),
    )
    return [(name, said) for name, said in told if said]


def _need(code: str, number: Mapping[str, int | None]) -> str:
    beds = (number.get("nursing") or 0) + (number.get("non_nursing") or 0)
    name = choices.label(code, "capability")
    return f"{name} ({beds})" if beds else name


def contracts(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return with whom there are contracts: named where they are few, else counted with their names."""
    codes = result.get("contracts") or ()
    if not codes:
        return None
    names = sorted(map(criteria.area_name, codes))
    left = len(names) - ON_PAPER
    return {
        "number": len(codes),
        "names": ", ".join(names),
        "is_few": len(codes) <= FEW_CONTRACTS,
        "on_paper": f"{', '.join(names[:ON_PAPER])} and {left} more" if left > 0 else words.listed(names),
    }


def age(result: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Say how old the figures are, and whether that is older than expected."""
    updated = words.instant(result["last_updated"])
    is_stale = not result.get("fresh", True)
    return {
        "words": f"Updated {words.age(updated, now)}" if updated else "Never updated",
        "grade": "old" if is_stale else words.freshness(updated, now),
        "is_stale": is_stale,
        "moment": words.moment(updated),
        "machine": words.machine_time(updated),
    }


def cqc(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the CQC's rating in words, since when, and where its report is."""
    location, day = result.get("cqc_location_id") or "", result.get("cqc_rating_date")
    return {
        "rating": words.rating(result.get("cqc_rating")),
        "since": words.date_words(day) if day and result.get("cqc_rating") else "",
        "href": cqc_page(location),
    }


def cqc_page(location_id: str) -> str:
    """Return the address of the CQC's page of a location; none where the id is none of the CQC's."""
    return vocabulary.CQC_PAGE + location_id if LOCATION_ID.fullmatch(location_id) else ""


def marker(sought: str) -> Marker:
    """Return what shortens a note and marks the words in it that begin with one looked for."""
    letters = [re.findall(r"[^\W_]", word) for word in re.split(r"[^\w'’]+|_", sought)]
    begins = ["['’]?".join(map(re.escape, word)) for word in letters if word]
    if not begins:
        return lambda text: escape(_cut(text, LONGEST_NOTE))
    pattern = re.compile(rf"(?<![^\W_'’])(?:{'|'.join(begins)})[^\W_]*", re.IGNORECASE)

    def mark(text: str) -> Markup:
        passage = _around(text, pattern)
        marked, end = [], 0
        for match in pattern.finditer(passage):
            marked += [escape(passage[end : match.start()]), Markup("<mark>{}</mark>").format(match[0])]
            end = match.end()
        return Markup("").join([*marked, escape(passage[end:])])

    return mark


def _around(text: str, pattern: re.Pattern[str]) -> str:
    """Return a long text from shortly before the first word that was looked for."""
    first = pattern.search(text)
    if len(text) <= LONGEST_NOTE or first is None or first.end() <= LONGEST_NOTE:
        return _cut(text, LONGEST_NOTE)
    begin = text.find(" ", max(0, first.start() - BEFORE_A_MATCH)) + 1
    return f"… {_cut(text[min(begin, first.start()) :], LONGEST_NOTE)}"


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most].rsplit(maxsplit=1)[0]} …"
