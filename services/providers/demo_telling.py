"""What the demo's providers tell beside their figures: notes, needs they can meet, contracts, alerts."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

from contracts import areas
from services.providers import models

_NAMESPACE = uuid.UUID("6f1f5b57-63bb-4f0c-8d5e-0c6b4f1d7a20")
_NOTES = [
    "A hoist in every bathroom.",
    "Small pets are welcome; ring first about dogs.",
    "Bariatric bed and chair in two rooms.",
    "A lift to every floor, and level access from the car park.",
    "Ring before noon: the manager does assessments in the afternoon.",
    "Rooms for couples.",
    "A garden with a level path, in use all year.",
]
_ALERTS = [
    ("outbreak", "Norovirus on one floor: ask before you send anybody."),
    ("embargo", "The council places nobody there while a plan for improvement is under way."),
]
_NURSING = ("tracheostomy", "palliative_care", "non_weight_bearing", "intermediate_care_medical")
_RESIDENTIAL = ("cognitive_difficulties", "elderly_mentally_infirm", "short_term_placements")
_TRUSTS = ["Northern Lights Fictional Hospitals"]
_DOMAINS = ("safe", "effective", "caring", "responsive", "well_led")


def tell(provider: models.Provider, *, key: str, brand: str, now: datetime, seed: int) -> None:
    """Let a provider tell what it well might; the same key and seed tell the same."""
    chance = random.Random(f"{seed}:{key}:telling")
    provider.notes = _notes(key, chance, now=now)
    provider.alerts = _alerts(key, chance, now=now)
    provider.brand = brand
    provider.contracts = _contracts(provider, chance)
    _tell_of_cqc(provider, chance, now=now)
    if provider.type == "care_home":
        _tell_of_care(provider, chance)


def _notes(key: str, chance: random.Random, *, now: datetime) -> list[models.Note]:
    texts = chance.sample(_NOTES, chance.choice([0, 0, 1, 1, 2]))
    written = [now - timedelta(days=chance.randint(1, 200), minutes=chance.randint(0, 600)) for _ in texts]
    return [
        models.Note(
            id=str(uuid.uuid5(_NAMESPACE, f"{key}:note:{number}")),
            text=text,
            written_at=at.replace(microsecond=0),
            by_name="Pat Pretend",
        )
        for number, (text, at) in enumerate(zip(texts, sorted(written, reverse=True), strict=True))
    ]


def _alerts(key: str, chance: random.Random, *, now: datetime) -> list[models.Alert]:
    if chance.random() > 0.03:
        return []
    kind, text = chance.choice(_ALERTS)
    starts = now - timedelta(days=chance.randint(0, 5))
    return [
        models.Alert(
            id=str(uuid.uuid5(_NAMESPACE, f"{key}:alert")),
            kind=kind,
            text=text,
            starts_on=starts.date(),
            ends_on=(now + timedelta(days=chance.randint(5, 30))).date(),
            set_at=starts.replace(microsecond=0),
            set_by="Alma Alerts",
        )
    ]


def _contracts(provider: models.Provider, chance: random.Random) -> list[str]:
    """Return the councils and sub-ICBs around that have a contract with it, usually its own."""
    near = [council.code for council in areas.councils() if council.icb_code == provider.icb_code]
    own = [code for code in (provider.council_code, provider.sub_icb_code) if code]
    others = [code for code in near if chance.random() < 0.2]
    return sorted({*(code for code in own if chance.random() < 0.7), *others})


def _tell_of_cqc(provider: models.Provider, chance: random.Random, *, now: datetime) -> None:
    if provider.cqc_rating is None:
        return
    day = (now - timedelta(days=chance.randint(30, 1500))).date()
    provider.cqc_rating_date = provider.last_inspected_on = day
    said = {"rating": provider.cqc_rating, "date": day.isoformat()}
    provider.cqc_ratings = {"overall": said, **{domain: dict(said) for domain in _DOMAINS}}


def _tell_of_care(provider: models.Provider, chance: random.Random) -> None:
    nursing = "nursing" in provider.care_types
    needs = [need for need in (_NURSING if nursing else _RESIDENTIAL) if chance.random() < 0.4]
    beds = {need: chance.randint(1, 4) for need in needs}
    provider.capabilities = {
        need: {"nursing": count if nursing else 0, "non_nursing": 0 if nursing else count}
        for need, count in beds.items()
    }
    provider.cqc_services = [f"Care home service with{'' if nursing else 'out'} nursing"]
    provider.acute_trusts = list(_TRUSTS) if chance.random() < 0.3 else []
    provider.weekend_assessments = chance.choice([True, False, None])
    provider.weekend_admissions = chance.choice([True, False, None])
    provider.food_hygiene_rating = chance.choice([None, 3, 4, 5, 5, 5])
    provider.registered_manager_in_post = chance.choice([True, True, True, False, None])
