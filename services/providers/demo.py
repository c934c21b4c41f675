"""Fictional providers around real English towns, with figures of every age, for the demo."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from contracts import areas, demo, events, vocabulary
from kit import outbox
from services.providers import completeness, demo_telling, figures, models, snapshots

BRAMBLE_HOMES = 60
DURHAM = "E06000047"
BATCH = 500
_NAMESPACE = uuid.UUID("3d4f6c0e-92b8-4c59-a4a7-5f0d8e1b7c26")

_FIRST = ["Marmalade", "Moonbeam", "Teacup", "Gingerbread", "Dandelion", "Paperboat", "Thimble", "Buttercup"]
_FIRST += [
    "Toffee",
    "Lullaby",
    "Pancake",
    "Starlight",
    "Crumpet",
    "Snowglobe",
    "Trifle",
    "Puddle",
    "Honeypot",
]
_SECOND = ["House", "Lodge", "Court", "Grange", "Manor", "View", "Cottage", "Rest", "Gardens", "Hall"]
_STREETS = ["Made-up Lane", "Pretend Street", "Storybook Road", "Fable Close", "Invented Avenue"]
_CARE = [
    (["general_residential"], ["residential"]),
    (["dementia_residential", "general_residential"], ["residential"]),
    (["general_nursing", "general_residential"], ["nursing", "residential"]),
    (["dementia_nursing", "dementia_residential", "general_nursing"], ["nursing"]),
    (["dementia_nursing", "dementia_residential", "general_nursing", "general_residential"], ["nursing"]),
    (["learning_disability_residential"], ["residential"]),
    (["learning_disability_nursing", "learning_disability_residential"], ["nursing", "residential"]),
    (["mental_health_nursing", "mental_health_residential"], ["nursing", "residential"]),
    (["general_nursing", "young_physically_disabled"], ["nursing"]),
    (["community_care", "general_residential"], ["residential"]),
]
_NAMES = {
    "acute": "Northern Lights Fictional Hospital, step-down ward",
    "home-care": "Hawthorn Pretend Care at Home",
    "recovery": "Heron Make-believe Recovery House",
}
_OFFERED = {
    "acute": ["community_rehabilitation", "end_of_life"],
    "community": ["community_rehabilitation", "end_of_life"],
    "hospice": ["end_of_life"],
    "home_care": ["home_care_live_in", "home_care_personal", "home_care_reablement"],
    "substance_misuse": ["detoxification", "substance_misuse_rehabilitation"],
}
_RATINGS = ["outstanding", *["good"] * 5, "requires_improvement", "inadequate", None]
_NHS = ("acute", "community", "hospice")
_ALWAYS_VACANT = ("hospice",)
"""Types of which there is one provider that a search for them has to find."""
_OWNERSHIPS = ["private", "private", "private", "voluntary", "local_authority"]
_LANGUAGES = ["British Sign Language", "French", "Polish", "Punjabi", "Spanish", "Urdu"]
_FUNDING = ["icb", "local_authority", "phb", "private"]
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"

Area = Mapping[str, str]
"""A place to put providers at: ``outward``, ``town``, ``council_code``."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A provider to be made. ``state`` is ``fresh``, ``stale``, ``undeclared`` or ``by chance``."""

    key: str
    organisation: str
    type: str
    area: Area
    state: str = "by chance"

    @property
    def id(self) -> str:
        return str(uuid.uuid5(_NAMESPACE, self.key))


def create(session: Session, *, homes: int, places: Sequence[Area], now: datetime, seed: int = 1) -> int:
    """Make what is lacking of ``homes`` care homes and five other providers; return how many were made.

    The same seed and places make the same providers, so a larger demo adds to a smaller one.
    """
    kinds = {kind.code: kind for kind in session.scalars(select(models.BedType))}
    there = set(session.scalars(select(models.Provider.id)))
    lacking = [plan for plan in _plans(homes, places, seed) if plan.id not in there]
    for start in range(0, len(lacking), BATCH):
        _create_batch(session, lacking[start : start + BATCH], kinds=kinds, now=now, seed=seed)
    return len(lacking)


def _plans(homes: int, places: Sequence[Area], seed: int) -> Iterator[_Plan]:
    durham = [place for place in places if place["council_code"] == DURHAM] or list(places)
    city = [place for place in durham if place["outward"] == "DH1"] or durham
    yield _Plan(key="acute", organisation="acute", type="acute", area=city[0], state="stale")
    yield _Plan(key="community", organisation="community", type="community", area=city[0], state="fresh")
    yield _Plan(key="hospice", organisation="lighthouse", type="hospice", area=durham[-1], state="fresh")
    yield _Plan(key="home-care", organisation="hawthorn", type="home_care", area=city[0], state="fresh")
    yield _Plan(
        key="recovery", organisation="hawthorn", type="substance_misuse", area=durham[-1], state="fresh"
    )
    others = [found.key for found in demo.care_homes() if found.key not in ("cranberry", "bramble")]
    for number in range(homes):
        chance = random.Random(f"{seed}:place:{number}")
        near = chance.random() < 0.12
        area, organisation, state = (
            chance.choice(durham if near else places),
            chance.choice(others),
            "by chance",
        )
        if number < 3:
            area, organisation = (city[0] if number == 0 else chance.choice(durham)), "cranberry"
            state = ("fresh", "stale", "undeclared")[number]
        elif number < 3 + BRAMBLE_HOMES:
            organisation = "bramble"
        yield _Plan(key=f"home-{number}", organisation=organisation, type="care_home", area=area, state=state)


def _create_batch(
    session: Session,
    plans: Sequence[_Plan],
    *,
    kinds: Mapping[str, models.BedType],
    now: datetime,
    seed: int,
) -> None:
    made: list[models.Provider] = []
    declarations: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for plan in plans:
        chance = random.Random(f"{seed}:{plan.key}")
        provider = _provider(plan, chance, kinds)
        declared = _declared(provider, plan, chance, now=now)
        brand = demo.organisation(plan.organisation).name
        demo_telling.tell(provider, key=plan.key, brand=brand, now=now, seed=seed)
        completeness.refresh(provider)
        made.append(provider)
        declarations += declared
        changes += _changes(provider, declared, codes=[row.bed_type for row in provider.bed_types], now=now)
    session.add_all(made)
    session.flush()
    if declarations:
        session.execute(insert(models.Declaration), declarations)
    session.execute(insert(models.Change), changes)
    for provider in made:
        changed_at = (provider.last_updated or now).isoformat()
        outbox.record(session, events.ProviderChanged(provider=snapshots.of(provider), changed_at=changed_at))
        session.expunge(provider)


def _provider(plan: _Plan, chance: random.Random, kinds: Mapping[str, models.BedType]) -> models.Provider:
    aligned = areas.alignment_of(plan.area["council_code"])
    codes, care_types = _care(plan, chance)
    incomplete = plan.state == "by chance" and chance.random() < 0.05
    return models.Provider(
        id=plan.id,
        version=2,
        organisation_id=demo.organisation(plan.organisation).id,
        type=plan.type,
        active=True,
        weekly_reminder=True,
        **_details(plan, chance),
        council_code=aligned.council_code if aligned else None,
        sub_icb_code=aligned.sub_icb_code if aligned else None,
        icb_code=aligned.icb_code if aligned else None,
        region_code=aligned.region_code if aligned else None,
        funding_sources=[] if incomplete else sorted(chance.sample(_FUNDING, chance.randint(1, 4))),
        care_types=care_types,
        short_stay_services=_some(vocabulary.SHORT_STAY_SERVICES, chance) if plan.type == "care_home" else [],
        languages=["English", *_some(_LANGUAGES, chance)],
        accepting_out_of_hours=chance.random() < 0.4,
        over_registered=False,
        bed_types=[
            models.OfferedBedType(bed_type=code, reference=kinds[code], flexible=chance.random() < 0.2)
            for code in codes
        ],
    )


def _details(plan: _Plan, chance: random.Random) -> dict[str, Any]:
    name = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)}, {plan.area['town']}"
    inward = f"{chance.randint(1, 9)}{chance.choice(_LETTERS)}{chance.choice(_LETTERS)}"
    host = f"{plan.key}.example"
    return {
        "name": _NAMES.get(plan.key, name),
        "address": f"{chance.randint(1, 99)} {chance.choice(_STREETS)}",
        "town": plan.area["town"],
        "postcode": f"{plan.area['outward']} {inward}",
        # Numbers that Ofcom keeps for drama: nobody is rung by mistake.
        "phone": f"01632 960{chance.randint(0, 999):03}",
        "email": f"office@{host}",
        "website": f"https://{host}",
        "manager_name": "Pat Pretend",
        "manager_phone": f"01632 960{chance.randint(0, 999):03}",
        "manager_email": f"manager@{host}",
        "ownership": "nhs" if plan.type in _NHS else chance.choice(_OWNERSHIPS),
        "cqc_location_id": f"1-9{uuid.UUID(plan.id).int % 10**9:09}",
        "cqc_rating": chance.choice(_RATINGS),
    }


def _care(plan: _Plan, chance: random.Random) -> tuple[list[str], list[str]]:
    """Return the bed types a provider offers and its care types."""
    if plan.type == "care_home":
        return chance.choices(_CARE, weights=[6, 8, 8, 6, 4, 2, 1, 1, 1, 1])[0]
    return _OFFERED[plan.type], []


def _some(choices: Sequence[str] | Mapping[str, str], chance: random.Random) -> list[str]:
    return sorted(choice for choice in choices if chance.random() < 0.25)


def _declared(
    provider: models.Provider, plan: _Plan, chance: random.Random, *, now: datetime
) -> list[dict[str, Any]]:
    """Give the provider its figures and return the declarations that led to them, oldest first."""
    for row in provider.bed_types:
        row.weekly_price_from = chance.randrange(700, 1700, 5) if plan.type == "care_home" else None
    if plan.state == "undeclared" or (plan.state == "by chance" and chance.random() < 0.05):
        return []
    times = _times(plan, chance, now=now)
    by_id, by_name = _keeper(plan)
    declarations = []
    for number, at in enumerate(times):
        confirmed = number > 0 and chance.random() < 0.4
        if not confirmed:
            _fill(provider, chance)
        provider.version += 1
        declarations.append(
            {
                "id": str(uuid.uuid5(_NAMESPACE, f"{plan.key}:{number}")),
                "provider_id": provider.id,
                "version": provider.version,
                "declared_at": at,
                "by_id": by_id,
                "by_name": by_name,
                "channel": chance.choice(["web", "web", "api", "email_link" if confirmed else "bulk"]),
                "kind": "confirmed" if confirmed else "saved",
                "cause": None,
                "figures": [figures.of(row).as_dict() for row in provider.bed_types],
                "accepting_out_of_hours": provider.accepting_out_of_hours,
            }
        )
    provider.last_updated, provider.last_updated_by_id, provider.last_updated_by = times[-1], by_id, by_name
    _register(provider, plan, chance)
    return declarations


def _times(plan: _Plan, chance: random.Random, *, now: datetime) -> list[datetime]:
    """Return when the provider declared, oldest first: minutes to weeks ago."""
    most_hours = chance.choices([3, 24, 48, 7 * 24, 6 * 7 * 24], weights=[15, 30, 25, 18, 12])[0]
    hours = {"fresh": 2.0, "stale": 9 * 24.0}.get(plan.state) or chance.uniform(0.05, most_hours)
    times = [now - timedelta(hours=hours)]
    for _ in range(chance.randint(0, 4)):
        times.append(times[-1] - timedelta(hours=chance.uniform(12, 7 * 24)))
    return [at.replace(microsecond=0) for at in reversed(times)]


def _fill(provider: models.Provider, chance: random.Random) -> None:
    for row in provider.bed_types:
        row.maximum = row.maximum or chance.randint(4, 36)
        vacant = min(row.maximum, chance.choices([0, 1, 2, 3, 5], weights=[30, 25, 20, 15, 10])[0])
        if provider.type in _ALWAYS_VACANT:
            vacant = max(vacant, 2)
        row.reserved = chance.randint(0, 1) if vacant > 1 else 0
        row.closed = 1 if vacant > 2 and chance.random() < 0.3 else 0
        row.closure_reason = chance.choice(list(vocabulary.CLOSURE_REASONS)) if row.closed else None
        row.accepting = vacant - row.reserved - row.closed
        row.occupied = row.maximum - vacant


def _register(provider: models.Provider, plan: _Plan, chance: random.Random) -> None:
    """Set the beds registered with CQC: by chance, here and there, fewer than there are."""
    total = sum(row.maximum or 0 for row in provider.bed_types)
    more = -1 if plan.state == "by chance" and chance.random() < 0.06 else chance.choice([0, 0, 1, 2, 4])
    provider.registered_beds = max(1, total + more)
    provider.over_registered = total > provider.registered_beds


def _keeper(plan: _Plan) -> tuple[str | None, str]:
    """Return who keeps a provider's figures: a person of the demo, where its organisation has one."""
    for person in demo.PEOPLE:
        if person.organisation == plan.organisation and not person.awaiting:
            return person.id, person.full_name
    return None, "Pat Pretend"


def _changes(
    provider: models.Provider,
    declarations: Sequence[Mapping[str, Any]],
    *,
    codes: Sequence[str],
    now: datetime,
) -> list[dict[str, Any]]:
    """Return the log of the provider's versions: of the fields, what it offers and the figures."""
    since = (declarations[0]["declared_at"] if declarations else now) - timedelta(days=30)
    offered = {"bed_types": [[], codes]}
    first = [
        (1, "created", since, None, "Pat Pretend", {}),
        (2, "services", since, None, "Pat Pretend", offered),
    ]
    later = [
        (
            row["version"],
            row["kind"],
            row["declared_at"],
            row["by_id"],
            row["by_name"],
            _differing(before, row),
        )
        for before, row in zip([None, *declarations], declarations, strict=False)
    ]
    return [
        {
            "provider_id": provider.id,
            "version": version,
            "kind": kind,
            "changed_at": at,
            "by_id": by_id,
            "by_name": by_name,
            "fields": fields,
        }
        for version, kind, at, by_id, by_name, fields in first + later
    ]


def _differing(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, Any]:
    """Return which figures differ between two declarations, as the log keeps them."""
    earlier = {row["bed_type"]: row for row in before["figures"]} if before else {}
    return {
        f"bed_types.{row['bed_type']}.{name}": [earlier.get(row["bed_type"], {}).get(name), value]
        for row in after["figures"]
        for name, value in row.items()
        if name != "bed_type" and earlier.get(row["bed_type"], {}).get(name) != value
    }
