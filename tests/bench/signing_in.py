"""Signing in, which costs a processor, and what others notice of it."""

from __future__ import annotations

import statistics
import time
from urllib.parse import urlencode

import psycopg

from contracts import demo
from tests.bench import load, rows, searching
from tests.factories import api, stack

SIGNING_IN = (8, 20)
CALM = 3.0
PEOPLE = 400
"""Who sign in: so many that nobody has more devices signed in than one may have."""
LIMITS = {"SIGN_IN_FAILURES_PER_ADDRESS": "1000000", "SIGN_IN_FAILURES_PER_EMAIL": "1000000"}
"""All come from one address; attempts count until they have succeeded."""
OTHERS = {"GET /vacancies": f"vacancies?{urlencode(searching.SEARCH)}", "GET /me": "me"}


def sign_ins(running: stack.Stack, person: api.Api, *, rounds: int, seconds: int) -> list[rows.Row]:
    """Measure how many sign in a second, and what others notice of it, against when it is quiet."""
    _add_people(running)
    token = api.token_of(person)
    rates: dict[int, list[load.Seen]] = {clients: [] for clients in SIGNING_IN}
    quiet: dict[str, list[load.Seen]] = {what: [] for what in OTHERS}
    beside: dict[str, list[load.Seen]] = {what: [] for what in OTHERS}
    for number in range(rounds):
        print(f"Signing in, round {number + 1} of {rounds} …", flush=True)
        for clients in SIGNING_IN:
            rates[clients].append(_begin_signing_in(running, clients, seconds).seen())
            time.sleep(CALM)  # What was not waited for is hashed nevertheless.
        for what, path in OTHERS.items():
            url = f"{running.url}/api/v1/{path}"
            quiet[what].append(load.wrk(url, clients=1, seconds=seconds, token=token))
            # It begins before and ends after, so that hashing goes on all the while.
            hashing = _begin_signing_in(running, SIGNING_IN[-1], seconds + 2)
            time.sleep(1)
            beside[what].append(load.wrk(url, clients=1, seconds=seconds, token=token))
            hashing.seen()
            time.sleep(CALM)
    lines = [
        rows.Row(f"(i) sign-ins, {clients} clients", rows.figures(seen)) for clients, seen in rates.items()
    ]
    return lines + [_gap_row(what, quiet[what], beside[what]) for what in OTHERS]


def _gap_row(what: str, quiet: list[load.Seen], beside: list[load.Seen]) -> rows.Row:
    ratio = statistics.median(one.p95 / other.p95 for one, other in zip(beside, quiet, strict=True))
    return rows.Row(
        f"(j) {what}, 1 client, while {SIGNING_IN[-1]} sign in",
        rows.figures(beside),
        f"p95 {ratio:.2f} × its own when quiet ({rows.figures(quiet)})",
        "p95 ≤ 3 ×",
        ratio <= 3,
    )


def _begin_signing_in(running: stack.Stack, clients: int, seconds: int) -> load.Running:
    return load.begin_signing_in(
        running.url, people=PEOPLE, password=demo.PASSWORD, clients=clients, seconds=seconds
    )


def _add_people(running: stack.Stack) -> None:
    """Make many people out of one of the demo's."""
    sql = """
        insert into users
        select (jsonb_populate_record(users, jsonb_build_object(
            'id', gen_random_uuid(), 'email', 'person' || number || '@load.example'
        ))).*
        from users, generate_series(1, %s) as number where email = 'staff@cranberry.example'
        on conflict do nothing
    """
    with psycopg.connect(running.libpq_url("IDENTITY_DATABASE_URL")) as connection:
        connection.execute(sql, [PEOPLE])
