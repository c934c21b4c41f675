"""Turns a template and what a view knows into a page."""

from __future__ import annotations

import functools
import json
import pathlib
from datetime import datetime
from typing import Any

import jinja2

from contracts import bed_types, permissions
from gateway.web import words

GATEWAY = pathlib.Path(__file__).parents[1]
DIST = GATEWAY / "assets" / "dist"


@functools.cache
def manifest() -> dict[str, str]:
    """Return the built files by plain name.

    :raises RuntimeError: the assets have not been built.
    """
    try:
        names: dict[str, str] = json.loads((DIST / "manifest.json").read_text())
    except FileNotFoundError as missing:
        raise RuntimeError("The pages' assets are not built: run `npm ci && npm run build`.") from missing
    return names


def asset(name: str) -> str:
    """Return the address of a built file."""
    return f"/assets/{manifest()[name]}"


@jinja2.pass_context
def age(context: jinja2.runtime.Context, value: str | datetime | None) -> str:
    """Say how old a figure is at the time the page is made."""
    return words.age(value, context["now"])


@jinja2.pass_context
def freshness(context: jinja2.runtime.Context, value: str | datetime | None) -> str:
    """Grade how old a figure is at the time the page is made."""
    return words.freshness(value, context["now"])


@jinja2.pass_context
def may(context: jinja2.runtime.Context, action: str) -> bool:
    """Tell whether the person the page is for may do something at all; the owning service still decides."""
    return permissions.may(context["actor"], action)


def menu(actor: permissions.Actor) -> list[dict[str, str]]:
    """Return the menu of what somebody may do; the page adds which item is the current one."""
    items = [{"href": "/home", "text": "Home"}]
    if permissions.may(actor, permissions.FIND_VACANCIES):
        items.append({"href": "/find", "text": "Find vacancies"})
    if permissions.may(actor, permissions.EDIT_PROVIDER):
        items.append({"href": "/providers", "text": providers_heading(actor)})
    if permissions.may(actor, permissions.APPROVE_USERS):
        items.append({"href": "/registrations", "text": "Approvals"})
    if permissions.may(actor, permissions.LAST_UPDATED_REPORT):
        items.append({"href": "/reports/last-updated", "text": "Last updated"})
    return items


def providers_heading(actor: permissions.Actor) -> str:
    """Return what the list of providers is called for somebody."""
    return "My providers" if actor.organisation_type in permissions.PROVIDER_SIDE else "Providers"


@functools.cache
def environment() -> jinja2.Environment:
    """Return the one template environment: everything is escaped; the design system's macros are at hand."""
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(GATEWAY / "templates"), jinja2.PackageLoader("nhsuk_frontend_jinja")]
        ),
        autoescape=True,
        # The design system's macros look into parameters that were not given.
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        asset=asset,
        may=may,
        menu=menu,
        providers_heading=providers_heading,
        count=words.count,
        funding_sources=words.FUNDING_SOURCES,
        provider_types=words.PROVIDER_TYPES,
        channels=words.CHANNELS,
        organisation_types=permissions.ORGANISATION_TYPES,
        care_home_bed_types=bed_types.CARE_HOME_BED_TYPES,
        unit_bed_types=bed_types.UNIT_BED_TYPES,
        short_stay_services=bed_types.SHORT_STAY_SERVICES,
        closure_reasons=bed_types.CLOSURE_REASONS,
    )
    made.filters.update(
        age=age,
        freshness=freshness,
        moment=words.moment,
        day=words.day,
        machine_time=words.machine_time,
        pounds=words.pounds,
        miles=words.miles,
        rating=words.rating,
        telephone_link=words.telephone_link,
        anchor=words.anchor,
        bed_type=bed_types.label,
        funding=words.funding,
    )
    return made


def page(
    template: str,
    *,
    actor: permissions.Actor,
    csrf_token: str,
    now: datetime,
    path: str,
    **context: Any,
) -> str:
    """Return a page as HTML.

    `errors` are the words per field that came back from a refusal; `path` marks the current menu item.
    """
    context.setdefault("errors", {})
    return environment().get_template(template).render(
        actor=actor, csrf_token=csrf_token, now=now, path=path, **context
    )
