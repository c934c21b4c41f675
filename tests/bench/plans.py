"""How PostgreSQL goes about the three commonest searches, written down: `make bench` with ``--plans``."""

from __future__ import annotations

import pathlib
import re

from contracts import criteria
from tests.bench import england, searches, statement
from tests.factories import stack

_UNTOLD = re.compile(
    r"^ *(?:Storage|Index Searches|Cache|Hits|Full-sort Groups|Presorted Key|Window): ?.*\n", re.MULTILINE
)
"""Lines that tell nothing of how homes are found."""
_HEAD = """\
# How PostgreSQL finds homes

The plans of the three commonest searches (`make bench`'s kinds), each the first page with its count,
prepared once for all searches of its kind (`plan_cache_mode = force_generic_plan`) and with everything
in memory; written by `python -m tests.bench --plans`. {homes:,} homes are the demo's, {many:,} are made
up all over England.

A statement finds the place that is asked for (`origin`), the homes that fit (`matching`), how many those
are (`total`), and fetches the documents of the twenty nearest from `homes` by their keys.
"""
_WHY = {
    searches.NEED: """\
The count reads one index and no table (`ix_vacancies_bed_type` has the bed type and price in order, and
the rest that is asked about beside them), so it costs a fraction of a microsecond per home that fits on
those two. As that says that many fit, the page is found by walking outward from the postcode in
`ix_vacancies_location` until twenty fit, and the other branch of the union, which would sort them all,
is never executed; where few fit it is the other way round.""",
    searches.COUNCIL: """\
`ix_traits_facts` gives just the homes of the council, and each is looked up in `vacancies` by its key:
work in proportion to the homes of one council, however many the country has. The area is sent beside the
statement, so that all councils share one prepared plan: planning it anew would take several times as
long as carrying it out.""",
    searches.CLOSE: """\
Nothing narrows this search down as much as its circle, so `ix_vacancies_location` gives the vacancies
within, and only those of the bed type and rating are asked about funding and language, by their key in
`traits`; common facts such as these would each give most of the country first. All that fit are sorted,
as they have all been looked at for the count anyway.""",
}


def write(path: pathlib.Path, running: stack.Stack, *, homes: int, many: int) -> None:
    """Write the plans at both sizes into a file; search finds other homes than there are afterwards."""
    few = _plans(running)
    england.fill(running, homes=many)
    found = {homes: few, many: _plans(running)}
    parts = [_HEAD.format(homes=homes, many=many)]
    for kind, words in searches.KINDS.items():
        parts.append(f"## {words.capitalize()}\n\n{_WHY[kind]}\n")
        parts += [f"### {size:,} homes\n\n{plans[kind]}" for size, plans in found.items()]
    path.write_text("\n".join(parts))


def _plans(running: stack.Stack) -> dict[searches.Kind, str]:
    url = running.libpq_url("SEARCH_DATABASE_URL")
    return {kind: _plan(url, made[0]) for kind, made in searches.of_each_kind(url).items()}


def _plan(url: str, search: criteria.Criteria) -> str:
    lines = "\n".join(statement.plan(url, search)) + "\n"
    asked = ", ".join(f"{name} = {value}" for name, value in search.items())
    return f"{asked}\n\n```\n{_UNTOLD.sub('', lines)}```\n"
