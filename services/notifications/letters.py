"""Turn a template and words into a subject, a text and an HTML page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

TEMPLATES = Path(__file__).parent / "templates"
LONDON = ZoneInfo("Europe/London")

# Line breaks and other control characters, and the marks that turn the direction of writing: somebody's name
# must not begin a header, a paragraph of its own or text that reads backwards.
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Letter:
    """What a mail says."""

    subject: str
    text: str
    html: str


def on_one_line(value: Any) -> Any:
    """Return text that people typed without line breaks and control characters; other values as they are."""
    return _BREAKS.sub(" ", value).strip() if type(value) is str else value


def when(moment: datetime) -> str:
    """Return a moment as people in England write it: ``Monday 23 November 2026 at 7:05``."""
    local = moment.astimezone(LONDON)
    return f"{local:%A} {local.day} {local:%B %Y} at {local.hour}:{local:%M}"


def _environment(*, autoescape: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        finalize=on_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = when
    return environment


_plain = _environment(autoescape=False)
_html = _environment(autoescape=True)


def render(kind: str, **words: Any) -> Letter:
    """Make the mail ``kind`` of ``words``; ``kind.txt`` also holds the subject."""
    plain = _plain.get_template(f"{kind}.txt")
    subject = "".join(plain.blocks["subject"](plain.new_context(words)))
    return Letter(
        subject=on_one_line(subject),
        text=plain.render(words).strip() + "\n",
        html=_html.get_template(f"{kind}.html").render(words, subject=subject),
    )
