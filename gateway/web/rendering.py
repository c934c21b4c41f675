"""Turns a template and what a view knows into a page."""

from __future__ import annotations

import functools
import pathlib
from datetime import datetime
from typing import Any

import jinja2

from contracts import permissions, sure, vocabulary
from gateway import answers, choices, incoming, static
from gateway.web import map_view, menu, words
from kit import clock

TEMPLATES = pathlib.Path(__file__).parents[1] / "templates"


def respond(
    request: incoming.Request,
    template: str,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    **context: Any,
) -> answers.Page:
    """Answer a request with a page; `errors` are the words per field that came back from a refusal."""
    html = page(request, template, now=clock.now(), errors=errors or {}, **context)
    return answers.Page(html, status=status)


def page(request: Any, template: str, *, now: datetime, errors: dict[str, str], **context: Any) -> str:
    """Return a page as HTML: what `request` may see, with ages as they are at `now`."""
    return (
        environment()
        .get_template(template)
        .render(request=request, actor=request.actor, path=request.path, now=now, errors=errors, **context)
    )


def asset(name: str) -> str:
    """Return the address of a built file."""
    return f"/assets/{static.manifest().get(name, name)}"


@jinja2.pass_context
def age(context: jinja2.runtime.Context, value: str | datetime | None) -> str:
    """Say how old a figure is at the time the page is made."""
    return words.age(value, context["now"])


@jinja2.pass_context
def freshness(context: jinja2.runtime.Context, value: str | datetime | None) -> str:
    """Grade how old a figure is at the time the page is made."""
    return words.freshness(value, context["now"])


@functools.cache
def environment() -> jinja2.Environment:
    """Return the one template environment: everything is escaped; the design system's macros are at hand."""
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(TEMPLATES), jinja2.PackageLoader("nhsuk_frontend_jinja")]
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
        menu=menu.items,
        more_of_menu=menu.more,
        map_of=map_view.of,
        count=words.count,
        listed=words.listed,
        funding_sources=vocabulary.FUNDING_SOURCES,
        provider_types=choices.PROVIDER_TYPES,
        channels=words.CHANNELS,
        organisation_types=permissions.ORGANISATION_TYPES,
        care_home_bed_types=choices.CARE_HOME_BED_TYPES,
        unit_bed_types=choices.UNIT_BED_TYPES,
        bed_types_of=choices.bed_types_of,
        short_stay_services=choices.SHORT_STAY_SERVICES,
        closure_reasons=choices.CLOSURE_REASONS,
        alert_kinds=choices.ALERT_KINDS,
        care_types=vocabulary.CARE_TYPES,
    )
    made.filters.update(
        age=age,
        freshness=freshness,
        moment=words.moment,
        day=words.day,
        date=words.date_words,
        machine_time=words.machine_time,
        figure=words.figure,
        pounds=words.pounds,
        miles=words.miles,
        rating=words.rating,
        funding=words.funding,
        telephone_link=words.telephone_link,
        web_link=words.web_link,
        anchor=words.anchor,
        label=choices.label,
        role_name=words.role_name,
        question_mark=sure.mark,
    )
    return made
