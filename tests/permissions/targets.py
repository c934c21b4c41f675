"""What can be done something to: what is one's own, what stands in one's area, and what does neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts import permissions
from tests.permissions import roles


@dataclass(frozen=True)
class Target:
    """An organisation with a provider, a person, and whatever else it has; the ids follow from its name."""

    name: str
    organisation: str
    """Whose it is: the name of a role's organisation or of one of the two others."""
    area: str
    part: str = "own"
    """Tells the providers and people of one organisation apart."""

    @property
    def organisation_id(self) -> str:
        return roles.id_of(self.organisation, "organisation")

    def id(self, kind: str) -> str:
        """Return the id of its provider, colleague, applicant …"""
        return roles.id_of(self.organisation, f"{self.part} {kind}".strip())

    @property
    def codes(self) -> dict[str, str | None]:
        """Return the areas that its provider stands in."""
        return dict(roles.NEAR if self.area == "near" else roles.FAR)

    @property
    def provider(self) -> dict[str, str | None]:
        """Return what permissions ask of its provider."""
        return {"organisation_id": self.organisation_id, "provider_id": self.id("provider"), **self.codes}

    @property
    def organisation_codes(self) -> dict[str, str | None]:
        """Return the areas of its organisation, in which its people are."""
        actor = roles.PEOPLE.get(self.organisation)
        if actor is None:
            return self.codes
        return {name: getattr(actor, name) for name in roles.NEAR}

    @property
    def person(self) -> dict[str, str | None]:
        """Return what permissions ask of its people, and of itself."""
        return {"organisation_id": self.organisation_id, "provider_id": None, **self.organisation_codes}


AREA = Target("area", "neighbour", "near")
FOREIGN = Target("foreign", "stranger", "far")


def providers(role: str) -> list[Target]:
    """Return the targets that a role is tried on where a call is about a provider.

    A colleague's home matters to who looks after one home; an own home far away to who looks after an area.
    """
    organisation = roles.organisation_of(role)
    if organisation is None:
        return [AREA, FOREIGN]
    colleagues = Target("own, of a colleague", organisation, "near", part="colleague's")
    distant = Target("own, far away", organisation, "far", part="distant")
    return [own(organisation), colleagues, distant, AREA, FOREIGN]


def people(role: str) -> list[Target]:
    """Return the targets that a role is tried on where a call is about a person or an organisation."""
    organisation = roles.organisation_of(role)
    return [own(organisation), AREA, FOREIGN] if organisation else [AREA, FOREIGN]


def own(organisation: str) -> Target:
    """Return what belongs to a role's organisation and stands in its area."""
    return Target("own", organisation, "near")


def administrator_at(organisation: str) -> Target:
    """Return an administrator who belongs to an organisation."""
    return Target("own, an administrator", organisation, "near", part="administrator's")


def oneself(role: str) -> Target:
    """Return the person of a role."""
    return Target("oneself", role, "near", part="")


def every() -> Iterator[Target]:
    """Give every target but oneself, once."""
    yield from (AREA, FOREIGN)
    for role in roles.PEOPLE:
        yield from providers(role)[:-2]


def reaches(
    actor: permissions.Actor, rules: tuple[permissions.Rule, ...], facts: dict[str, str | None]
) -> bool:
    """Tell whether the table of permissions lets an actor do all of ``rules`` to a target.

    Where a rule is several actions, one is enough.
    """
    return all(
        any(permissions.may(actor, action, facts) for action in ((rule,) if isinstance(rule, str) else rule))
        for rule in rules
    )
