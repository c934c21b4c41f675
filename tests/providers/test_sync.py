"""Registers are asked over their APIs, gently and until they answer; a server here stands for them."""

from __future__ import annotations

import json
import pathlib
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from contracts import errors
from contracts import organisations as known
from kit import database
from services.providers import models
from services.providers.imports import import_runs, register_api, register_import, register_sync
from tests.factories import postgres
from tests.providers import given

Answer = tuple[int, dict[str, str], bytes] | None
"""Status, headers and body; none drops the connection."""


class Register:
    """A register that answers as it is documented, but for what a test puts in the way."""

    def __init__(self) -> None:
        self.locations: dict[str, dict[str, Any]] = {}
        self.providers: dict[str, dict[str, Any]] = {}
        self.organisations: dict[str, dict[str, Any]] = {}
        self.changed: list[str] = []
        self.asked: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.keys: set[str | None] = set()
        self.first: dict[str, list[Answer]] = {}
        """By path, what is answered before the truth."""
        self.page_size = 2

    def answer(self, path: str, query: dict[str, str], key: str | None) -> Answer:
        self.asked.append(path)
        self.queries.append(query)
        self.keys.add(key)
        if self.first.get(path):
            return self.first[path].pop(0)
        found = self._found(path, query)
        return (200, {}, json.dumps(found).encode()) if found is not None else (404, {}, b"{}")

    def _found(self, path: str, query: dict[str, str]) -> Any:
        if path in ("/locations", "/changes/location"):
            codes = self.changed if path.startswith("/changes") else list(self.locations)
            page = int(query["page"])
            some = codes[(page - 1) * self.page_size : page * self.page_size]
            pages = -(-len(codes) // self.page_size)
            rows = [{"locationId": code, "locationName": "x", "postalCode": "x"} for code in some]
            listed = {"changes": some} if path.startswith("/changes") else {"locations": rows}
            return {"total": len(codes), "page": page, "totalPages": pages, **listed}
        if path == "/organisations":
            start = int(query.get("Offset", 0))
            trusts = query["PrimaryRoleId"] == "RO197"
            codes = [code for code in self.organisations if (len(code) == 3) == trusts]
            some = codes[start : start + int(query["Limit"])]
            return {"Organisations": [{"OrgId": code, "Name": "x"} for code in some]}
        kind, _, code = path.strip("/").partition("/")
        found = getattr(self, kind).get(code)
        return {"Organisation": found} if found and kind == "organisations" else found


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def address(register: Register) -> Iterator[str]:
    """Where the register answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            answer = register.answer(parts.path, query, self.headers.get("Ocp-Apim-Subscription-Key"))
            if answer is None:
                self.connection.close()
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def sessions() -> Iterator[database.Sessions]:
    """Transactions that are committed, on a database of this test's own."""
    made = database.Sessions(database.engine(postgres.migrated("providers")))
    yield made
    made.close()


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(address: str, clock: Clock) -> register_api.Api:
    headers = {"Ocp-Apim-Subscription-Key": "a key"}
    return register_api.Api(
        name="CQC",
        base_url=address,
        headers=headers,
        key_setting="CQC_API_KEY",
        clock=clock,
        pause=clock.pause,
    )


@pytest.fixture
def sync(
    api: register_api.Api, sessions: database.Sessions, tmp_path: pathlib.Path
) -> Callable[..., register_import.Summary]:
    def synced(
        *, register: str = "cqc", since: date | None = None, now: datetime = given.NOW, **options: Any
    ) -> register_import.Summary:
        return register_sync.run(
            api,
            register=register,
            sessions=sessions,
            options=register_import.Options(**options),
            since=since,
            now=now,
            rejects_folder=tmp_path,
            progress=False,
        )

    return synced


def location(code: str, **changed: Any) -> dict[str, Any]:
    """Return a home as CQC's API tells of it."""
    return {
        "locationId": code,
        "providerId": "1-200000001",
        "organisationType": "Location",
        "type": "Social Care Org",
        "name": f"Thimble House {code}",
        "brandId": "BD1",
        "brandName": "BRAND Fictional Homes",
        "onspdCcgCode": "E38000234",
        "odsCode": "VXX01",
        "registrationStatus": "Registered",
        "registrationDate": "2010-10-01",
        "onspdLatitude": 54.776,
        "onspdLongitude": -1.575,
        "careHome": "Y",
        "postalAddressLine1": "1 Fable Close",
        "postalAddressTownCity": "Durham",
        "region": "North East",
        "postalCode": "DH1 3YG",
        "mainPhoneNumber": "01632960001",
        "website": "www.thimble.example",
        "numberOfBeds": 12,
        "localAuthority": "Durham",
        "gacServiceTypes": [{"name": "Care home service with nursing", "description": "…"}],
        "relationships": [],
        "currentRatings": {
            "overall": {
                "rating": "Good",
                "reportDate": "2024-03-04",
                "keyQuestionRatings": [
                    {"name": "Safe", "rating": "Requires improvement", "reportDate": "2024-03-04"},
                    {"name": "Well-led", "rating": "Inspected but not rated", "reportDate": "2024-03-04"},
                ],
            }
        },
        **changed,
    }


def fill(register: Register, count: int = 5) -> list[str]:
    codes = [f"1-10000000{number}" for number in range(count)]
    register.locations = {
        code: location(code, postalCode=f"DH1 {number}AA") for number, code in enumerate(codes)
    }
    register.providers = {"1-200000001": {"providerId": "1-200000001", "name": "Fictional Provider Limited"}}
    return codes


def providers(sessions: database.Sessions) -> dict[str | None, models.Provider]:
    with sessions.reading() as session:
        return {made.cqc_location_id: made for made in session.scalars(sa.select(models.Provider))}


def runs(sessions: database.Sessions) -> list[models.ImportRun]:
    with sessions.reading() as session:
        return list(session.scalars(sa.select(models.ImportRun).order_by(models.ImportRun.started_at)))


class TestCqc:
    def test_b2_all_locations_are_asked_for_page_by_page(
        self, sync: Callable[..., Any], register: Register, sessions: database.Sessions
    ) -> None:
        codes = fill(register)
        summary = sync()
        assert (summary.counts.new, summary.counts.providers_added) == (5, 5)
        assert register.keys == {"a key"}
        home = providers(sessions)[codes[0]]
        assert (home.name, home.registered_beds, home.brand) == (
            f"Thimble House {codes[0]}",
            12,
            "Fictional Homes",
        )
        assert home.cqc_ratings == {
            "overall": {"rating": "good", "date": "2024-03-04"},
            "safe": {"rating": "requires_improvement", "date": "2024-03-04"},
        }
        assert home.organisation_id == known.registered_id("cqc", "1-200000001")
        with sessions.reading() as session:
            told = [row for row in given.recorded(session) if row["event"] == "organisation_imported"]
        assert [row["organisation_name"] for row in told] == ["Fictional Provider Limited"]
        assert register.asked.count("/providers/1-200000001") == 1

    def test_the_next_time_only_changes_are_asked_for(
        self, sync: Callable[..., Any], register: Register, sessions: database.Sessions
    ) -> None:
        codes = fill(register)
        sync()
        register.asked.clear()
        register.locations[codes[3]]["numberOfBeds"] = 30
        register.changed = [codes[3], codes[3]]
        summary = sync(now=given.NOW + timedelta(days=2))
        assert (summary.counts.changed, summary.counts.providers_changed) == (1, 1)
        assert providers(sessions)[codes[3]].registered_beds == 30
        assert [path for path in register.asked if path.startswith("/loc")] == [f"/locations/{codes[3]}"]
        asked = register.queries[-3]
        assert asked["startTimestamp"] == "2026-03-02T00:00:00Z"
        assert asked["endTimestamp"] == "2026-03-04T09:30:00Z"

    def test_changes_since_a_day_are_asked_for(self, sync: Callable[..., Any], register: Register) -> None:
        fill(register)
        sync(since=date(2026, 1, 1))
        assert register.asked == ["/changes/location"]
        assert register.queries[0]["startTimestamp"] == "2026-01-01T00:00:00Z"

    def test_b2_a_new_registration_says_which_it_follows(
        self, sync: Callable[..., Any], register: Register, sessions: database.Sessions
    ) -> None:
        (code,) = fill(register, 1)
        sync()
        before = providers(sessions)[code]
        new = location(
            "1-300000000",
            name="Quite another name",
            postalAddressLine1="Elsewhere Lane",
            registrationDate="2026-03-01",
            relationships=[
                {"relatedLocationId": code, "type": "HSCA Predecessor", "reason": "Re-registered"}
            ],
        )
        register.locations[code] |= {"registrationStatus": "Deregistered", "deregistrationDate": "2026-03-01"}
        register.locations["1-300000000"] = new
        register.changed = [code, "1-300000000"]
        summary = sync(now=given.NOW + timedelta(days=1))
        after = providers(sessions)
        assert [(made.id, made.active) for made in after.values()] == [(before.id, True)]
        assert list(after) == ["1-300000000"]
        assert (summary.counts.providers_moved, summary.counts.providers_added) == (1, 0)

    @pytest.mark.parametrize(
        "told",
        [
            {"lastInspection": {"date": "2025-11-04"}},
            {
                "reports": [
                    {"reportDate": "2026-01-20", "firstVisitDate": "2025-11-04"},
                    {"reportDate": "2019-01-20", "firstVisitDate": "2018-11-04"},
                    {"reportDate": "2026-02-20"},
                ]
            },
        ],
    )
    def test_b2_the_day_of_the_last_inspection_is_not_that_of_its_report(
        self, sync: Callable[..., Any], register: Register, sessions: database.Sessions, told: dict[str, Any]
    ) -> None:
        codes = fill(register, 2)
        for code in codes:
            register.locations[code]["lastReport"] = {"publicationDate": "2026-01-20"}
        register.locations[codes[0]] |= told
        sync()
        inspected = {code: made.last_inspected_on for code, made in providers(sessions).items()}
        assert inspected == {codes[0]: date(2025, 11, 4), codes[1]: None}

    def test_b15_one_that_is_deregistered_is_deactivated(
        self, sync: Callable[..., Any], register: Register, sessions: database.Sessions
    ) -> None:
        codes = fill(register)
        sync()
        register.locations[codes[1]] |= {
            "registrationStatus": "Deregistered",
            "deregistrationDate": "2026-03-01",
        }
        register.changed = [codes[1]]
        sync(now=given.NOW + timedelta(days=1))
        assert [made.active for made in providers(sessions).values()].count(False) == 1
        assert not providers(sessions)[codes[1]].active

    def test_what_cannot_be_used_is_listed(self, sync: Callable[..., Any], register: Register) -> None:
        codes = fill(register)
        register.locations[codes[0]]["postalCode"] = "nowhere"
        register.first[f"/locations/{codes[1]}"] = [(404, {}, b"{}")]
        summary = sync()
        assert (summary.counts.rejected, summary.counts.new) == (2, 3)
        listed = summary.rejects_path.read_text()
        assert "nowhere is not a postcode" in listed
        assert "no such location any more" in listed

    @pytest.mark.parametrize(
        "odd",
        [
            {"currentRatings": ["Good"]},
            {"gacServiceTypes": [None]},
            {"relationships": ["1-5"]},
            {"numberOfBeds": 12.5},
            {"onspdLatitude": [], "name": None},
        ],
    )
    def test_an_odd_answer_is_listed_and_the_others_taken_in(
        self, sync: Callable[..., Any], register: Register, odd: dict[str, Any]
    ) -> None:
        codes = fill(register)
        register.locations[codes[0]] |= odd
        counts = sync().counts
        assert (counts.rejected, counts.new) == (1, 4)

    def test_a_dry_run_changes_nothing(
        self, sync: Callable[..., Any], register: Register, sessions: database.Sessions
    ) -> None:
        fill(register)
        assert sync(dry_run=True).counts.providers_added == 5
        assert providers(sessions) == {}
        with sessions.reading() as session:
            assert session.scalars(sa.select(models.RegisteredSite)).all() == []
        # And is no reason to ask for changes alone the next time.
        assert sync().counts.new == 5


class TestPatience:
    def test_there_are_no_more_than_five_requests_a_second(
        self, sync: Callable[..., Any], register: Register, clock: Clock
    ) -> None:
        fill(register)
        sync()
        assert clock.now == pytest.approx((len(register.asked) - 1) / 5)

    @pytest.mark.parametrize(
        "trouble",
        [
            (500, {}, b"a page about a fault"),
            (503, {}, b""),
            (200, {}, b'{"locations": [{"locationId"'),
            (200, {}, b"[]"),
            (200, {}, b'{"message": "of something else"}'),
            (200, {"Content-Length": "900"}, b'{"locations": []}'),
            None,
        ],
        ids=["500", "503", "half a page", "a list", "another answer", "cut short", "dropped"],
    )
    def test_trouble_is_waited_out_ever_longer(
        self, sync: Callable[..., Any], register: Register, clock: Clock, trouble: Answer
    ) -> None:
        fill(register)
        register.first["/locations"] = [trouble] * 3
        assert sync().counts.new == 5
        assert [seconds for seconds in clock.waits if seconds >= 0.5] == [1, 2, 4]

    def test_an_answer_without_an_end_is_not_read_on(
        self, sync: Callable[..., Any], register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(register_api, "LARGEST_ANSWER", 50_000)
        fill(register)
        endless = (200, {}, b'{"locations": [' + b" " * 60_000 + b"]}")
        register.first["/locations"] = [endless] * register_api.TRIES
        with pytest.raises(errors.Unavailable, match="an answer of more than 50,000 bytes"):
            sync()

    def test_the_key_is_in_no_description(self, api: register_api.Api) -> None:
        assert "a key" not in repr(api)

    def test_it_waits_as_long_as_it_is_asked_to(
        self, sync: Callable[..., Any], register: Register, clock: Clock
    ) -> None:
        codes = fill(register)
        register.first[f"/locations/{codes[2]}"] = [(429, {"Retry-After": "37"}, b"")]
        assert sync().counts.new == 5
        assert 37 in clock.waits

    def test_a_key_that_is_refused_is_said_at_once(
        self, sync: Callable[..., Any], register: Register, clock: Clock
    ) -> None:
        fill(register)
        register.first["/locations"] = [(401, {}, b"")]
        with pytest.raises(errors.Invalid, match="Set CQC_API_KEY"):
            sync()
        assert clock.waits == []

    def test_one_that_never_answers_is_given_up_in_words(
        self, sync: Callable[..., Any], register: Register
    ) -> None:
        fill(register)
        register.first["/locations"] = [(500, {}, b"")] * register_api.TRIES
        with pytest.raises(errors.Unavailable, match="run the command again to go on from there"):
            sync()


class TestInterruption:
    def test_goes_on_where_it_was_and_up_to_the_same_time(
        self,
        sync: Callable[..., Any],
        register: Register,
        sessions: database.Sessions,
        tmp_path: pathlib.Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(register_sync, "BATCH", 2)
        codes = fill(register)
        register.locations[codes[0]]["postalCode"] = "nowhere"
        register.first[f"/locations/{codes[4]}"] = [None] * register_api.TRIES
        with pytest.raises(errors.Unavailable):
            sync()
        (run,) = runs(sessions)
        assert (run.state, run.position["rows"]) == (import_runs.FAILED, 4)
        register.asked.clear()
        assert "nowhere is not a postcode" in (tmp_path / "cqc-api.rejects.csv").read_text()
        summary = sync(now=given.NOW + timedelta(hours=5))
        assert "nowhere is not a postcode" in summary.rejects_path.read_text()
        assert [path for path in register.asked if path.startswith("/locations/")] == [
            f"/locations/{codes[4]}"
        ]
        assert (summary.counts.new, summary.counts.rejected, len(providers(sessions))) == (4, 1, 4)
        (run,) = runs(sessions)
        assert (run.state, run.position["until"]) == (import_runs.DONE, given.NOW.isoformat())

    def test_by_a_kill_is_no_different(
        self,
        sync: Callable[..., Any],
        register: Register,
        sessions: database.Sessions,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(register_sync, "BATCH", 2)
        codes = fill(register)
        get, count = register_api.Api.get, iter(range(100))

        def killed(*arguments: Any, **named: Any) -> Any:
            if next(count) == 6:
                raise KeyboardInterrupt
            return get(*arguments, **named)

        with monkeypatch.context() as patched:
            patched.setattr(register_api.Api, "get", killed)
            with pytest.raises(KeyboardInterrupt):
                sync()
        with sessions.transaction() as session:
            # Of what is killed outright nothing is noted.
            session.execute(sa.update(models.ImportRun).values(state=import_runs.RUNNING, finished_at=None))
        sync()
        assert sorted(map(str, providers(sessions))) == codes


class TestOds:
    def organisation(self, name: str, **changed: Any) -> dict[str, Any]:
        return {
            "Name": name,
            "Status": "Active",
            "LastChangeDate": "2026-02-01",
            "Date": [
                {"Type": "Legal", "Start": "2018-01-01"},
                {"Type": "Operational", "Start": "2019-04-01"},
            ],
            "GeoLoc": {
                "Location": {
                    "AddrLn1": "LANTERN HOUSE",
                    "AddrLn2": "STORY ROAD",
                    "Town": "DURHAM",
                    "PostCode": "DH1 5TW",
                    "Country": "ENGLAND",
                }
            },
            "Contacts": {"Contact": [{"type": "tel", "value": "01632 960001"}]},
            "Rels": {
                "Rel": [
                    {"Status": "Inactive", "Target": {"OrgId": {"extension": "QOQ"}}},
                    {"Status": "Active", "Target": {"OrgId": {"extension": "QHM"}}},
                ]
            },
            **changed,
        }

    def test_b2_trusts_and_sites_are_taken_in(
        self,
        sync: Callable[..., Any],
        register: Register,
        sessions: database.Sessions,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(register_sync, "PAGE", 2)
        register.organisations = {
            code: self.organisation("FICTIONAL TRUST") for code in ("RXA", "RXB", "RXC")
        }
        rels = {"Rel": [{"Status": "Active", "Target": {"OrgId": {"extension": "RXA"}}}]}
        register.organisations["RXA01"] = self.organisation("THE STORY HOSPITAL", Rels=rels)
        summary = sync(register="ods")
        assert (summary.counts.new, summary.counts.organisations) == (4, 3)
        with sessions.reading() as session:
            trust = session.get_one(models.RegisteredSite, ("ods", "RXB"))
            site = session.get_one(models.RegisteredSite, ("ods", "RXA01"))
        assert (trust.name, trust.icb_code, trust.region, trust.phone) == (
            "Fictional Trust",
            "QHM",
            "North East and Yorkshire",
            "01632 960001",
        )
        assert (site.name, site.parent_code, site.address, site.town) == (
            "The Story Hospital",
            "RXA",
            "Lantern House, Story Road",
            "Durham",
        )

    def test_pages_that_name_nobody_new_are_the_end(
        self, sync: Callable[..., Any], register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(register_sync, "PAGE", 2)
        register.organisations = {code: self.organisation("FICTIONAL TRUST") for code in ("RXA", "RXB")}
        rows = json.dumps({"Organisations": [{"OrgId": "RXA"}, {"OrgId": "RXB"}]}).encode()
        register.first["/organisations"] = [(200, {}, rows)] * 9
        assert sync(register="ods").counts.new == 2
        assert register.asked.count("/organisations") == 3

    def test_one_that_closed_is_marked(
        self, sync: Callable[..., Any], register: Register, sessions: database.Sessions
    ) -> None:
        register.organisations = {"RXA": self.organisation("FICTIONAL TRUST")}
        sync(register="ods")
        register.organisations["RXA"]["Status"] = "Inactive"
        register.organisations["RXA"]["Date"][1]["End"] = "2026-03-01"
        counts = sync(register="ods", now=given.NOW + timedelta(days=9)).counts
        assert register.queries[-3]["LastChangeDate"] == "2026-03-02"
        assert counts.deregistered == 1
