"""What is published of homes (C8): which, how exactly, how old; the report of an area and its files."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from sqlalchemy import orm

from contracts import areas, errors, published
from kit import ids
from services.reports import public_files, public_homes, public_pdf, public_report
from tests.factories.snapshots import DURHAM, NOW, bed, snapshot

COUNCIL, ICB, SUB_ICB = DURHAM["council_code"], DURHAM["icb_code"], DURHAM["sub_icb_code"]
LEEDS = {"council_code": "E08000035", "sub_icb_code": "15F", "icb_code": "QWO", "region_code": "E12000003"}
SITE = "https://tracker.example"
HOURS_OF_A_CARE_HOME = 48
SECRETS = {
    "weekly_price_from": 98765,
    "maximum": 87654,
    "occupied": 76543,
    "reserved": 65432,
    "closed": 54321,
    "closure_reason": "refurbishment-sentinel",
}
"""Figures of a bed that are nobody else's business, each to be recognised anywhere."""


def given(session: orm.Session, *beds: Any, **changes: Any) -> str:
    home = snapshot(bed_types=list(beds) or [bed()], **changes)
    public_homes.keep(session, home)
    return home["provider_id"]


def report(session: orm.Session, area: str | None = COUNCIL, **more: Any) -> dict[str, Any]:
    return public_report.of(session, area=str(area), now=more.get("now", NOW))


def names(session: orm.Session, area: str | None = COUNCIL) -> list[str]:
    return [home["name"] for home in report(session, area)["results"]]


def told_of(made: dict[str, Any]) -> list[list[str]]:
    return [
        [published.words(told["number"], told["or_more"]) for told in home["vacancies"]]
        for home in made["results"]
    ]


class TestKeep:
    def test_ignores_late_and_repeated_news(self, session: orm.Session) -> None:
        newest = snapshot(version=3, name="Newest")
        assert public_homes.keep(session, newest)
        assert not public_homes.keep(session, newest)
        assert not public_homes.keep(session, newest | {"version": 2, "name": "Older"})
        assert names(session) == ["Newest"]

    def test_writes_a_version_anew_when_all_is_rebuilt_but_never_an_older_one(
        self, session: orm.Session
    ) -> None:
        newest = snapshot(version=3, name="Newest")
        public_homes.keep(session, newest)
        assert public_homes.keep(session, newest | {"name": "Anew"}, again=True)
        assert not public_homes.keep(session, newest | {"version": 2, "name": "Older"}, again=True)
        assert names(session) == ["Anew"]


class TestReport:
    def test_c8_holds_listed_active_homes_with_vacancies_by_name(self, session: orm.Session) -> None:
        given(session, name="Beech")
        given(session, name="Ash")
        given(session, bed(accepting=0), name="Full")
        given(session, name="Unlisted", listed=False)
        given(session, name="Closed down", active=False)
        made = report(session)
        assert [home["name"] for home in made["results"]] == ["Ash", "Beech"]
        assert made["homes"] == 3, "the full one counts as a home that is published"

    @pytest.mark.parametrize(
        "code", [COUNCIL, SUB_ICB, ICB], ids=["of a council", "of a sub-ICB", "of an ICB"]
    )
    def test_c8_is_about_one_area(self, session: orm.Session, code: str) -> None:
        given(session, name="Near")
        given(session, name="Far", **LEEDS)
        assert names(session, code) == ["Near"]
        assert report(session, code)["area"]["code"] == code

    def test_c8_refuses_an_area_that_is_none_in_words(self, session: orm.Session) -> None:
        for code in ("E99999999", "", "e06000047", "%", "X" * 5000):
            with pytest.raises(errors.NotFound, match="There is no council"):
                report(session, code)

    def test_c8_tells_up_to_two_vacancies_and_then_three_or_more(self, session: orm.Session) -> None:
        for number in (1, 2, 3, 4, 40):
            given(session, bed(accepting=number, maximum=50), name=f"Home {number:02}")
        assert told_of(report(session)) == [["1"], ["2"], ["3 or more"], ["3 or more"], ["3 or more"]]

    def test_c8_names_only_bed_types_with_vacancies(self, session: orm.Session) -> None:
        given(session, bed("dementia_nursing", accepting=0), bed("general_nursing", accepting=1, label="GN"))
        (home,) = report(session)["results"]
        assert [told["label"] for told in home["vacancies"]] == ["GN"]

    def test_c8_totals_are_sums_of_what_is_told(self, session: orm.Session) -> None:
        given(session, bed(accepting=1), bed("dementia_nursing", accepting=2))
        given(session, bed(accepting=7), bed("dementia_nursing", accepting=1))
        given(session, bed(accepting=9))
        given(session, bed(accepting=50, maximum=60), **LEEDS)
        totals = {
            row["bed_type"]: (row["number"], row["or_more"], row["homes"])
            for row in report(session)["totals"]
        }
        assert totals == {
            "general_residential": (7, True, 3),
            "dementia_nursing": (3, False, 2),
        }

    @pytest.mark.parametrize("figures", [(1, 9), (3, 3), (3, 40)])
    def test_c8_no_total_tells_the_figure_of_a_single_home(
        self, session: orm.Session, figures: tuple[int, ...]
    ) -> None:
        for number in figures:
            given(session, bed(accepting=number, maximum=50))
        (total,) = report(session)["totals"]
        told = sum(min(number, published.TOLD_UP_TO) for number in figures)
        assert (total["number"], total["or_more"]) == (told, True)

    @pytest.mark.parametrize(
        ("starts_on", "ends_on", "told"),
        [
            ("2026-11-20", "2026-11-20", []),
            ("2026-11-01", None, []),
            ("2026-11-21", None, ["Ash"]),
            ("2026-11-01", "2026-11-19", ["Ash"]),
        ],
        ids=["today", "open", "to come", "over"],
    )
    def test_c8_tells_of_a_home_with_an_embargo_on_as_if_it_were_full(
        self, session: orm.Session, starts_on: str, ends_on: str | None, told: list[str]
    ) -> None:
        alert = {"kind": "embargo", "text": "sentinel", "starts_on": starts_on, "ends_on": ends_on}
        home = given(session, name="Ash", alerts=[alert])
        made = report(session)
        assert ([home["name"] for home in made["results"]], made["homes"]) == (told, 1)
        assert len(made["totals"]) == len(told)
        one = public_homes.one(session, home, now=NOW)
        assert one["vacancies"][0]["number"] == (2 if told else 0)
        (area,) = public_homes.of_areas(session, now=NOW)["council_code"]
        assert (area["homes"], area["with_vacancies"]) == (1, len(told))

    def test_c8_tells_of_a_home_with_any_other_alert_as_of_others(self, session: orm.Session) -> None:
        given(
            session,
            name="Ash",
            alerts=[{"kind": "outbreak", "text": "x", "starts_on": "2026-11-01", "ends_on": None}],
        )
        assert names(session) == ["Ash"]

    def test_b14_marks_figures_that_are_older_than_expected(self, session: orm.Session) -> None:
        for name, hours in (("a fresh one", 47), ("an old one", 49)):
            given(session, name=name, last_updated=(NOW - timedelta(hours=hours)).isoformat())
        given(session, name="a unit", type="acute", last_updated=(NOW - timedelta(hours=25)).isoformat())
        made = report(session)
        assert {home["name"]: home["stale"] for home in made["results"]} == {
            "a fresh one": False,
            "an old one": True,
            "a unit": True,
        }
        assert made["stale"] == 2

    def test_c8_digest_changes_with_the_figures_and_with_freshness_but_not_with_time(
        self, session: orm.Session
    ) -> None:
        home = snapshot(bed_types=[bed(accepting=1)])
        public_homes.keep(session, home)
        first = report(session)["digest"]
        assert report(session, now=NOW + timedelta(minutes=5))["digest"] == first
        later = NOW + timedelta(hours=HOURS_OF_A_CARE_HOME, minutes=1)
        assert report(session, now=later)["digest"] != first
        public_homes.keep(session, home | {"version": 2, "bed_types": [bed(accepting=2)]})
        assert report(session)["digest"] != first

    def test_c8_digest_tells_nothing_of_what_is_not_published(self, session: orm.Session) -> None:
        home = snapshot(bed_types=[bed(accepting=4)])
        twin = snapshot(bed_types=[bed(accepting=4)], **LEEDS)
        public_homes.keep(session, home)
        public_homes.keep(session, twin | DURHAM)
        first = report(session)["digest"]
        dearer = bed(accepting=4, weekly_price_from=2000, maximum=40, occupied=36)
        public_homes.keep(session, home | {"version": 2, "bed_types": [dearer]})
        assert report(session)["digest"] == first


class TestAreas:
    def test_c8_lists_areas_that_have_homes_with_how_many(self, session: orm.Session) -> None:
        given(session)
        given(session, bed(accepting=0))
        given(session, listed=False, **LEEDS)
        found = public_homes.of_areas(session, now=NOW)
        row = {"homes": 2, "with_vacancies": 1}
        assert found["council_code"] == [{"code": COUNCIL, "name": "County Durham", **row}]
        assert [area["code"] for area in found["sub_icb_code"]] == [SUB_ICB]
        assert [area["code"] for area in found["icb_code"]] == [ICB]

    def test_c8_of_every_kind_are_found_by_their_code(self) -> None:
        for area in itertools.chain(areas.councils(), areas.sub_icbs(), areas.icbs()):
            place = public_homes.place(area.code)
            assert (place.code, place.name) == (area.code, area.name)
            assert place.target[place.kind] == area.code


class TestPages:
    def test_c8_never_skip_or_repeat_a_home(self, session: orm.Session) -> None:
        made = {given(session) for _ in range(25)}
        given(session, listed=False)
        seen: list[str] = []
        for number in (1, 2, 3, 4):
            page = public_homes.page(session, area=None, page=number, page_size=10, now=NOW)
            assert page["total"] == 25
            seen += [home["provider_id"] for home in page["results"]]
        assert len(seen) == 25
        assert set(seen) == made

    def test_c8_can_be_of_one_area_and_hold_full_homes_too(self, session: orm.Session) -> None:
        full = given(session, bed(accepting=0))
        given(session, **LEEDS)
        (home,) = public_homes.page(session, area=ICB, page=1, page_size=10, now=NOW)["results"]
        assert home["provider_id"] == full
        assert [(told["number"], told["or_more"]) for told in home["vacancies"]] == [(0, False)]

    @pytest.mark.parametrize(
        ("page", "page_size", "field"), [(0, 1, "page"), ("x", 1, "page"), (1, 101, "page_size")]
    )
    def test_refuse_what_cannot_be(self, session: orm.Session, page: Any, page_size: Any, field: str) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            public_homes.page(session, area=None, page=page, page_size=page_size, now=NOW)
        assert set(refusal.value.fields) == {field}

    def test_c8_one_home_is_found_only_while_it_is_published(self, session: orm.Session) -> None:
        assert public_homes.one(session, given(session, name="Here"), now=NOW)["name"] == "Here"
        for hidden in (given(session, listed=False), given(session, active=False), ids.new()):
            with pytest.raises(errors.NotFound):
                public_homes.one(session, hidden, now=NOW)


@pytest.fixture
def with_secrets(session: orm.Session) -> orm.Session:
    """A home that has told everything that there is to tell."""
    given(
        session,
        bed(accepting=43, label="General Residential", **SECRETS),
        bed("general_nursing", accepting=41, label="General Nursing", **SECRETS),
        name="=cmd|' /C calc'!A1 #panic() $x$ <script>",
        website="https://cranberry.example",
        email="manager-sentinel@cranberry.example",
        brand="brand-sentinel",
        ownership="ownership-sentinel",
        registered_beds=43210,
        contracts=["contract-sentinel"],
        notes=[{"text": "note-sentinel", "at": NOW.isoformat()}],
        alerts=[{"kind": "alert-sentinel", "text": "x", "starts_on": "2026-01-01", "ends_on": None}],
        last_updated=(NOW - timedelta(hours=50)).isoformat(),
        last_updated_by_id="0192f0c1-0000-7000-8000-00000000feed",
    )
    return session


def outputs(session: orm.Session) -> dict[str, str]:
    """Return everything that leaves reports about what is published, as text."""
    made = report(session)
    pdf = pypdf.PdfReader(io.BytesIO(public_pdf.document(None, report=made, site=SITE, contact="")))
    return {
        "areas": json.dumps(public_homes.of_areas(session, now=NOW)),
        "report": json.dumps(made),
        "page": json.dumps(public_homes.page(session, area=None, page=1, page_size=10, now=NOW)),
        "one": json.dumps(public_homes.one(session, made["results"][0]["provider_id"], now=NOW)),
        "csv": public_files.table(made, site=SITE).decode("utf-8-sig"),
        "pdf": "".join(page.extract_text() for page in pdf.pages),
    }


class TestSecrets:
    def test_c8_stay_in_the_house(self, with_secrets: orm.Session) -> None:
        for kind, text in outputs(with_secrets).items():
            plain = text.replace(",", "").replace(" ", "")
            for secret in (*SECRETS.values(), 43, 41, 84, 43210, "sentinel", "feed"):
                if isinstance(secret, int) and secret < 100:
                    assert f":{secret}" not in plain, f"{secret} in {kind}: {text}"
                else:
                    assert str(secret) not in plain, f"{secret} in {kind}: {text}"

    def test_c8_are_not_even_kept(self, with_secrets: orm.Session) -> None:
        columns = with_secrets.connection().exec_driver_sql("select to_jsonb(h)::text from public_homes h")
        (row,) = columns.scalars()
        for secret in (*SECRETS.values(), "sentinel", "feed"):
            assert str(secret) not in row


class TestTable:
    def test_c8_holds_no_formula(self, with_secrets: orm.Session) -> None:
        text = public_files.table(report(with_secrets), site=SITE).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[2][0].startswith("'=cmd")
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]

    def test_c8_has_a_line_for_each_home_and_bed_type(self, with_secrets: orm.Session) -> None:
        text = public_files.table(report(with_secrets), site=SITE).decode("utf-8-sig")
        told, head, *rows = list(csv.reader(io.StringIO(text)))
        assert "as of 2026-11-20 09:00" in told[0]
        assert "Care Quality Commission" in told[0]
        assert f"{SITE}/public/vacancies/{COUNCIL}" in told[0]
        assert tuple(head) == public_files.COLUMNS
        assert [row[10:] for row in rows] == [
            ["General Residential", "3 or more", "2026-11-18 07:00", "may be out of date"],
            ["General Nursing", "3 or more", "2026-11-18 07:00", "may be out of date"],
        ]

    def test_c8_says_where_people_are_counted(self, session: orm.Session) -> None:
        given(
            session, bed("live_in_care", accepting=1, label="Live-in care", unit="person"), type="home_care"
        )
        assert "Live-in care (people),1," in public_files.table(report(session), site=SITE).decode()


class TestDocument:
    def made(self, session: orm.Session, **report_of: Any) -> pypdf.PdfReader:
        content = public_pdf.document(
            None, report=report(session, **report_of), site=SITE, contact="help@tracker.example"
        )
        return pypdf.PdfReader(io.BytesIO(content))

    def test_c8_is_tagged_and_has_a_title_and_a_language(self, with_secrets: orm.Session) -> None:
        read = self.made(with_secrets)
        root: Any = read.trailer["/Root"]
        assert root["/Lang"] == "en-GB"
        assert root["/MarkInfo"]["/Marked"]
        assert root["/ViewerPreferences"]["/DisplayDocTitle"]
        assert read.metadata is not None
        assert read.metadata.title == "Vacancies in County Durham"
        kinds = tags(root["/StructTreeRoot"])
        assert {"/Document", "/H1", "/H2", "/Table", "/TH", "/TD", "/L", "/Link"} <= kinds
        assert read.xmp_metadata is not None
        assert "pdfuaid:part" in read.xmp_metadata.stream.get_data().decode()

    def test_c8_says_how_old_it_is_where_it_comes_from_and_whom_to_ask(
        self, with_secrets: orm.Session
    ) -> None:
        text = " ".join(" ".join(page.extract_text() for page in self.made(with_secrets).pages).split())
        for words in (
            "As of 20 November 2026 at 9:00",
            "18 November 2026 at 7:00",
            published.OUT_OF_DATE,
            "Care Quality Commission",
            f"{SITE}/public/vacancies/{COUNCIL}",
            "help@tracker.example",
            "3 or more",
        ):
            assert words in text, words

    def test_c8_takes_nothing_that_people_typed_for_markup(self, with_secrets: orm.Session) -> None:
        text = " ".join(" ".join(page.extract_text() for page in self.made(with_secrets).pages).split())
        assert "#panic() $x$ <script>" in text

    @pytest.mark.parametrize(
        "typed", ["\U0001f3e0", "\u65e5\u672c", "\x07", "\ufeff", "\u0e01\u0e32", "\U000f1234"]
    )
    def test_c8_is_made_whatever_people_typed(self, session: orm.Session, typed: str) -> None:
        name, address, phone, website, label = (f"{fact} {typed} is" for fact in "nadwl")
        given(
            session,
            bed("new_kind", accepting=1, label=label),
            **{"name": name, "address": address, "town": typed, "phone": phone, "website": website},
        )
        text = " ".join(self.made(session).pages[0].extract_text().split())
        said = "" if typed == "\x07" else f"{public_pdf.LACKING} "
        for fact in "nadwl":
            assert f"{fact} {said}is" in text

    def test_c8_sets_every_character_that_it_does_not_replace(self, session: orm.Session) -> None:
        kept = "".join(
            chr(code) for code in range(32, 0x10000) if public_pdf.settable(chr(code)) == chr(code)
        )
        assert {*"aZ£é’–Żłчλ→€\ufffd"} <= {*kept}
        given(session, bed(accepting=1))
        made = report(session)
        made["results"][0].update(name=" ".join(kept), town=kept)
        assert public_pdf.document(None, report=made, site=SITE, contact="").startswith(b"%PDF")

    def test_c8_of_an_area_without_vacancies_says_so(self, session: orm.Session) -> None:
        text = " ".join(self.made(session).pages[0].extract_text().split())
        assert "No home or unit in this area says that it has a vacancy." in text

    def test_c8_carries_its_fonts(self, with_secrets: orm.Session) -> None:
        fonts: Any = self.made(with_secrets).pages[0]["/Resources"]["/Font"]  # type: ignore[index]  # it has
        assert fonts
        for font in fonts.values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            description = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(description)


def tags(element: Any) -> set[str]:
    """Return the kinds of structure in a tagged PDF, below an element."""
    found: set[str] = set()
    waiting = [element]
    while waiting:
        one = waiting.pop()
        one = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            found |= {str(one["/S"])} if "/S" in one else set()
            waiting += [one["/K"]] if "/K" in one else []
    return found
