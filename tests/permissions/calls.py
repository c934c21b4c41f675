"""How each entrypoint is called on a target: the list that the walk goes through.

An entrypoint that is not in it fails the walk. Who may is never said here: the rule at the door and the table
of permissions say it. ``needs`` names the actions of the table that a call is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import orm

from contracts import errors, permissions
from tests.permissions import roles, targets
from tests.permissions.targets import Target

NOTHING, PROVIDER, PERSON, ONESELF = "nothing", "provider", "person", "oneself"


@dataclass
class Scene:
    """One call about to be made: by whom, to what, with the service and its rows at hand."""

    service: Any
    session: orm.Session
    """Its changes are made before the call and undone after it."""
    role: str
    actor: permissions.Actor
    target: Target


@dataclass(frozen=True)
class Call:
    """How to call an entrypoint.

    ``run`` returns the ids of what it ``lists``; else whatever comes of the call, or ``False``
    when it did not raise and yet did nothing.
    """

    entrypoint: str
    run: Callable[[Scene], Any]
    on: str = NOTHING
    needs: tuple[permissions.Rule, ...] = ()
    lists: str = ""
    """What it lists, if it does: the kind of the target's id that is looked for among those returned."""
    never_oneself: bool = False
    """Whether a call about people must refuse whoever makes it as its target."""
    spares_administrators: bool = False
    """Whether only those who look after everybody may do this to an administrator."""
    instead: Callable[[permissions.Actor, dict[str, str | None]], bool] | None = None
    """What asks the table instead, where one action after the other does not do."""
    besides: dict[str, Callable[[permissions.Actor, Target], bool]] = field(default_factory=dict)
    """What is refused beyond the table, by the reason."""

    def targets(self, role: str) -> list[Target]:
        """Return what a role tries it on."""
        if self.on == PROVIDER:
            return targets.providers(role)
        if self.on == NOTHING:
            return [targets.AREA]
        is_person = role in roles.PEOPLE and (self.on == ONESELF or self.never_oneself)
        with_administrator = role in roles.PEOPLE and self.spares_administrators
        return [
            *([targets.oneself(role)] if is_person else []),
            *([targets.administrator_at(role)] if with_administrator else []),
            *targets.people(role),
        ]

    def expected(self, actor: permissions.Actor, target: Target) -> bool:
        """Tell whether the table lets an actor whom the door lets in do this to a target."""
        if any(refused(actor, target) for refused in self.besides.values()):
            return False
        if (self.on == ONESELF) != (target.name == "oneself"):
            return False
        if target.part == "administrator's":
            return all(permissions.reach(actor, str(action)).everything for action in self.needs)
        facts = {PROVIDER: target.provider, PERSON: target.person}.get(self.on)
        if facts is None:
            return all(permissions.admits(actor, rule) for rule in self.needs)
        return self.instead(actor, facts) if self.instead else targets.reaches(actor, self.needs, facts)


CALLS: dict[str, Call] = {}


def to(entrypoint: str, **options: Any) -> Callable[[Callable[[Scene], Any]], Callable[[Scene], Any]]:
    """Say how to call ``service.method``; the options are those of `Call`."""

    def say(run: Callable[[Scene], Any]) -> Callable[[Scene], Any]:
        assert entrypoint not in CALLS, f"{entrypoint} is said twice"
        CALLS[entrypoint] = Call(entrypoint, run, **options)
        return run

    return say


def takes_place(call: Call, scene: Scene) -> bool:
    """Make a call and tell whether the target was in reach: done, shown or listed.

    Whatever else is raised is a fault of the call.
    """
    try:
        found = call.run(scene)
    except (errors.Unauthenticated, errors.Forbidden, errors.NotFound):
        return False
    return scene.target.id(call.lists) in found if call.lists else found is not False
