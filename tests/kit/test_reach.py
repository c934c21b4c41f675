"""The reach of a permission as SQL allows exactly what the table allows row by row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import permissions
from kit import reach

CODES = st.sampled_from([None, "A", "B"])
TARGETS = st.fixed_dictionaries(
    {
        "organisation_id": st.sampled_from(["mine", "theirs"]),
        "provider_id": st.sampled_from(["one", "two", "three"]),
        "council_code": CODES,
        "sub_icb_code": CODES,
        "icb_code": CODES,
    }
)
ROLES = st.frozensets(
    st.sampled_from([permissions.APPROVER, permissions.ADMINISTRATOR, *permissions.GRANTED_ROLES]), max_size=2
)
ACTORS = st.builds(
    permissions.Actor,
    kind=st.sampled_from(["user", "service", "anonymous"]),
    organisation_id=st.sampled_from([None, "mine"]),
    organisation_type=st.sampled_from(sorted(permissions.ORGANISATION_TYPES)),
    provider_ids=st.sampled_from([(), ("one",), ("one", "two")]),
    council_code=CODES,
    sub_icb_code=CODES,
    icb_code=CODES,
    roles=ROLES,
    wants_search=st.booleans(),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine(os.environ["TEST_POSTGRES_URL"])
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@settings(max_examples=300, deadline=None)
@given(by=ACTORS, action=st.sampled_from(sorted(permissions.TABLE)), targets=st.lists(TARGETS, min_size=1))
def test_is_the_same_set_that_the_table_allows_one_by_one(
    connection: sa.Connection, by: permissions.Actor, action: str, targets: list[dict[str, Any]]
) -> None:
    columns = ["organisation_id", "provider_id", "council_code", "sub_icb_code", "icb_code"]
    rows = sa.values(
        sa.column("number", sa.Integer), *(sa.column(name, sa.Text) for name in columns), name="rows"
    ).data([(number, *(target[name] for name in columns)) for number, target in enumerate(targets)])
    wanted = reach.condition(
        by, action, organisation_id=rows.c.organisation_id, area=rows.c, provider_id=rows.c.provider_id
    )
    found = set(connection.execute(sa.select(rows.c.number).where(wanted)).scalars())
    assert found == {number for number, target in enumerate(targets) if permissions.may(by, action, target)}
