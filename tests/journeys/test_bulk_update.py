"""A group of 60 homes by workbook (B12): fetched, filled in with three mistakes, mended, saved, undone."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes
from tests.providers import workbooks

SHEET, HOMES = "Capacities", "Care Homes"


@pytest.fixture(scope="module")
def manager(product: stack.Stack) -> pages.Visitor:
    return pages.signed_in(product.url, homes.KEEPER)


@pytest.fixture(scope="module")
def caller(product: stack.Stack) -> api.Api:
    return api.sign_in(product.url, homes.KEEPER)


def download(manager: pages.Visitor) -> workbooks.Filled:
    answer = manager.http.get(f"{manager.url}/bulk/template/care_home.xlsx", timeout=90)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return workbooks.opened(answer.content)


def send(manager: pages.Visitor, content: bytes, name: str) -> pages.Page:
    """Send a file as the form does, and wait until it has been looked over."""
    page = manager.get("/bulk")
    form = page.form("Send and check")
    fields = form.filled(
        {"template": "care_home", "declarations": ["current", "admissions", "responsible"]},
        press="Send and check",
    )
    answer = manager.http.post(
        f"{manager.url}{form.action}",
        data=[field for field in fields if field[0] != "file"],
        files={"file": (name, content)},
        timeout=90,
    )
    assert answer.status_code == 200, answer.text
    return over(manager, pages.Page(answer))


def over(manager: pages.Visitor, page: pages.Page) -> pages.Page:
    """Return the page of an update once the work on it has ended."""

    def ended() -> pages.Page | None:
        found = manager.get(page.path)
        return None if "This page looks again by itself" in found.text else found

    return waiting.until(ended, what="the work on the file to end", seconds=60)


def vacancies(caller: api.Api, names: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    page = 1
    while True:
        listed = caller.get("/providers", page=page, page_size=100)
        found |= {row["name"]: row["vacancies"] for row in listed["results"] if row["name"] in names}
        if page * listed["page_size"] >= listed["total"]:
            return found
        page += 1


class TestGroupOfSixtyHomes:
    def test_b12_mends_three_faults_saves_the_whole_group_and_takes_it_back(
        self, product: stack.Stack, manager: pages.Visitor, caller: api.Api
    ) -> None:
        filled = download(manager)
        rows = filled.sheets[SHEET][1:]
        assert len({row[filled.at(SHEET, "provider_id")] for row in rows}) >= 60
        chosen = declared(filled)
        before = vacancies(caller, set(chosen))
        enter_new_figures(filled, chosen)
        wrong = break_three(filled, chosen)
        page = send(manager, filled.as_xlsx(), "group.xlsx")
        assert faults(page) == wrong
        assert vacancies(caller, set(chosen)) == before, "nothing is saved by a dry run"
        self._look_at_error_workbook(manager, page, count=3)
        mend(filled, chosen)
        page = send(manager, filled.as_xlsx(), "mended.xlsx")
        assert faults(page) == set()
        changes = {"mode": "all_or_nothing"}
        if "Are these right?" in page.text:
            changes["confirmed"] = "yes"
        page = over(manager, manager.send(page, button_of(page), changes))
        assert "Saved" in page.text
        assert vacancies(caller, set(chosen)) == dict.fromkeys(chosen, 1)
        self._find_the_mail(product)
        page = over(manager, manager.send(page, "Undo this update"))
        assert "Undone" in page.text
        assert vacancies(caller, set(chosen)) == before

    def _look_at_error_workbook(self, manager: pages.Visitor, page: pages.Page, *, count: int) -> None:
        answer = manager.http.get(f"{manager.url}{page.path}/errors.xlsx", timeout=90)
        book = workbooks.opened(answer.content)
        sheet = next(rows for rows in book.sheets.values() if rows)
        assert len([row for row in sheet[1:] if any(row)]) >= count

    def _find_the_mail(self, product: stack.Stack) -> None:
        def arrived() -> list[dict[str, Any]]:
            return [mail for mail in product.mails(to=homes.KEEPER) if "mended.xlsx" in str(mail)]

        waiting.until(arrived, what="the mail with the result", seconds=30)


def declared(filled: workbooks.Filled) -> list[str]:
    """Return the names of homes with one declared bed type of at least four beds, each name once."""
    at = {key: filled.at(SHEET, key) for key in ("maximum", "name")}
    rows = filled.sheets[SHEET][1:]
    names = [row[at["name"]] for row in rows]
    found = [
        row[at["name"]]
        for row in rows
        if names.count(row[at["name"]]) == 1
        and isinstance(row[at["maximum"]], float | int)
        and row[at["maximum"]] >= 4
    ]
    assert len(found) >= 5, "the demo has too few homes of one bed type"
    return found


def enter_new_figures(filled: workbooks.Filled, chosen: list[str]) -> None:
    """Give every chosen home one vacancy, and the rest of its beds residents."""
    for name in chosen:
        enter(filled, name)


def enter(filled: workbooks.Filled, name: str, **changed: Any) -> int:
    row = next(row for row in filled.sheets[SHEET] if row[0] == name)
    maximum = row[filled.at(SHEET, "maximum")]
    plain = {"occupied": maximum - 1, "reserved": 0, "accepting": 1, "closed": 0, "closure_reason": ""}
    return filled.enter(SHEET, name, **(plain | changed))


def break_three(filled: workbooks.Filled, chosen: list[str]) -> set[int]:
    """Make a mistake in each of three rows; return their numbers in the file."""
    return {
        enter(filled, chosen[0], accepting=99),
        enter(filled, chosen[1], occupied="all"),
        enter(filled, chosen[2], weekly_price_from=20),
    }


def mend(filled: workbooks.Filled, chosen: list[str]) -> None:
    for name in chosen[:2]:
        enter(filled, name)
    enter(filled, chosen[2], weekly_price_from=850)


def faults(page: pages.Page) -> set[int]:
    """Return the rows of the file that the page finds fault with."""
    frames = [one for one in page.main.all("div") if one.attributes.get("aria-label") == "Faults"]
    cells = [row.all("td") for frame in frames for row in frame.all("tr")]
    return {int(row[1].text) for row in cells if row and row[0].text == SHEET}


def button_of(page: pages.Page) -> str:
    """Return what the button says that saves."""
    found = re.search(r"Save [\d,]+ providers?", page.text)
    assert found, page.text
    return found[0]


class TestHostileFile:
    def test_b12_is_refused_in_words(self, manager: pages.Visitor) -> None:
        page = send(manager, b"PK\x03\x04 this is no workbook", "homes.xlsx")
        assert "Refused: nothing was saved" in page.text

    def test_b12_takes_no_file_without_the_declarations(self, manager: pages.Visitor) -> None:
        page = manager.get("/bulk")
        token = page.form("Send and check").value("csrf_token")
        answer: requests.Response = manager.http.post(
            f"{manager.url}/bulk/upload",
            data={"csrf_token": token, "template": "care_home"},
            files={"file": ("homes.xlsx", b"x")},
            timeout=30,
        )
        assert answer.status_code == 400
