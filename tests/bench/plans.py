"""How PostgreSQL goes about the three commonest searches, written down: `make bench` with ``--plans``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from contracts import criteria
from tests.bench import searches, statement
from tests.factories import stack

_UNTOLD = re.compile(
    r"^ *(?:Storage|Index Searches|Cache|Hits|Full-sort Groups|Presorted Key|Window): ?.*\n", re.MULTILINE
)
"""Lines that tell nothing of how homes are found."""
_HEAD = """\
# How PostgreSQL finds homes

The plans of the three commonest searches (`make bench`'s kinds), each the first page with its count,
prepared once for all searches of its kind (`plan_cache_mode = force_generic_plan`) and with everything
in memory; written by `make bench PLANS=1`. {homes:,} homes are the demo's, {many:,} are made
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


Plans = dict[searches.Kind, str]


def of(running: stack.Stack) -> Plans:
    """Return how PostgreSQL goes about the first search of each kind."""
    url = running.libpq_url("SEARCH_DATABASE_URL")
    return {kind: _plan(url, made[0]) for kind, made in searches.of_each_kind(url).items()}


def text(found: Mapping[int, Plans]) -> str:
    """Return the plans by the number of homes as a document."""
    few, *_, many = sorted(found)
    parts = [_HEAD.format(homes=few, many=many)]
    for kind, words in searches.KINDS.items():
        parts.append(f"## {words.capitalize()}\n\n{_WHY[kind]}\n")
        parts += [f"### {homes:,} homes\n\n{plans[kind]}" for homes, plans in sorted(found.items())]
    return "\n".join(parts)


def _plan(url: str, search: criteria.Criteria) -> str:
    lines = "\n".join(statement.plan(url, search)) + "\n"
    asked = ", ".join(f"{name} = {value}" for name, value in search.items())
    return f"{asked}\n\n```\n{_UNTOLD.sub('', lines)}```\n"
