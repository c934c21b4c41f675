"""Publishing vacancies (C8): a home declares; anybody reads, takes along, has mailed, or asks by program."""

from __future__ import annotations

import csv
import io
from typing import Any

import pypdf
import pytest
import requests

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes, people

WIGHT = "E06000046"
DURHAM = "E06000047"
OFFICER = "council@durham.example"
SECRET_PRICE = 1987


@pytest.fixture(scope="module")
def home(product: stack.Stack) -> dict[str, Any]:
    """A home on the Isle of Wight with seven vacancies of each of its types."""
    keeper = api.sign_in(product.url, homes.KEEPER)
    return homes.completed(
        keeper,
        "Lighthouse Rest",
        postcode="PO30 1AA",
        council_code=WIGHT,
        accepting=7,
        price=SECRET_PRICE,
        phone="01632 960777",
    )


@pytest.fixture(scope="module")
def report(product: stack.Stack, home: dict[str, Any]) -> pages.Page:
    """The report of its council, as somebody without an account finds it from the first page."""
    anybody = pages.Visitor(product.url)

    def shown() -> pages.Page | None:
        areas = anybody.get(anybody.get("/").link("Lists of homes with vacancies"))
        # The ICB has it in its name too, and may be told of a moment sooner.
        if not any(link.text.startswith("Isle of Wight") for link in areas.root.all("a")):
            return None
        page = anybody.get(areas.link("Isle of Wight"))
        return page if "Lighthouse Rest" in page.text else None

    return waiting.until(shown, what="the home in the public report", seconds=30)


class TestReport:
    def test_c8_tells_anybody_what_a_home_has_declared_as_far_as_is_safe(
        self, product: stack.Stack, report: pages.Page
    ) -> None:
        row = report.row("Lighthouse Rest").text
        assert "3 or more Dementia Nursing" in row
        assert "3 or more General Residential" in row
        assert "01632 960777" in row
        assert "Updated just now" in row or "minute" in row
        for secret in (str(SECRET_PRICE), "£", "Greta Group"):
            assert secret not in report.main.text
        assert "How the figures come about" in report.text

    def test_c8_is_taken_along_as_pdf_and_csv(self, product: stack.Stack, report: pages.Page) -> None:
        pdf = requests.get(product.url + report.link("PDF"), timeout=pages.SECONDS)
        read = pypdf.PdfReader(io.BytesIO(pdf.content))
        text = " ".join(" ".join(page.extract_text() for page in read.pages).split())
        assert "Lighthouse Rest" in text
        assert "3 or more Dementia Nursing" in text
        assert "/StructTreeRoot" in read.trailer["/Root"]  # type: ignore[operator]  # a dictionary
        table = requests.get(product.url + report.link("CSV"), timeout=pages.SECONDS)
        rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
        assert [row[0] for row in rows[2:]] == ["Lighthouse Rest"] * 2
        for told in (text, table.text):
            assert str(SECRET_PRICE) not in told

    def test_c8_follows_new_figures_with_another_tag(
        self, product: stack.Stack, home: dict[str, Any], report: pages.Page
    ) -> None:
        address = f"{product.url}/open-data/tracker/vacancies?area={WIGHT}"
        first = requests.get(address, timeout=pages.SECONDS)
        spare = {bed["bedTypeCode"]: bed["spare"] for bed in first.json()["items"][0]["vacancies"]}
        assert spare == {"dementia_nursing": 3, "general_residential": 3}
        known = {"If-None-Match": first.headers["ETag"], "Origin": "https://elsewhere.example"}
        assert requests.get(address, headers=known, timeout=pages.SECONDS).status_code == 304
        keeper = api.sign_in(product.url, homes.KEEPER)
        figures = {**homes.FIGURES, "maximum": 23, "occupied": 21, "accepting": 1}
        homes.declare(keeper, home["id"], {"general_residential": figures, "dementia_nursing": figures})

        def changed() -> Any:
            answer = requests.get(address, headers=known, timeout=pages.SECONDS)
            return answer if answer.status_code == 200 else None

        answer = waiting.until(changed, what="the new figures in the open data", seconds=30)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert {bed["spare"] for bed in answer.json()["items"][0]["vacancies"]} == {1}
        service = requests.get(
            f"{product.url}/open-data/hsds/services/{home['id']}", timeout=pages.SECONDS
        ).json()
        assert {capacity["available"] for capacity in service["capacities"]} <= {1, 3}


class TestMailing:
    def test_c8_goes_once_to_each_address_and_says_from_whom(self, product: stack.Stack) -> None:
        officer = pages.signed_in(product.url, OFFICER)
        form = officer.get(officer.get(f"/public/vacancies/{DURHAM}").link("Email this report"))
        typed = {
            "addresses": "families@fictional.example\nward.clerk@fictional.example",
            "words": "As promised.",
        }
        for _ in range(2):
            done = officer.send(form, "Send", typed)
            assert "The report is on its way." in done.text
        for address in ("families@fictional.example", "ward.clerk@fictional.example"):
            letter = people.mail(product, to=address, subject="Vacancies in County Durham")
            assert "Colin Council" in letter["text"]
            assert "writes: As promised." in letter["text"]
            assert f"/public/vacancies/{DURHAM}" in letter["html"]
            (link,) = [found for found in pages.links_in(letter["text"]) if "/public/vacancies/" in found]
            assert pages.Visitor(product.url).get(link).heading == "Vacancies in County Durham"
            assert len(product.mails(to=address)) == 1

    def test_c8_is_refused_in_words_for_a_wrong_address(self, product: stack.Stack) -> None:
        officer = pages.signed_in(product.url, OFFICER)
        form = officer.get(f"/public/vacancies/{DURHAM}/send")
        page = officer.send(form, "Send", {"addresses": "nobody in particular"})
        assert page.status == 400
        assert "not an email address" in page.error("addresses")

    def test_c8_is_for_nobody_without_the_area(self, product: stack.Stack) -> None:
        assert pages.signed_in(product.url, OFFICER).get(f"/public/vacancies/{WIGHT}/send").status == 403
        staff = pages.signed_in(product.url, "staff@cranberry.example")
        assert staff.get(f"/public/vacancies/{DURHAM}/send").status == 403
        assert "Email this report" not in staff.get(f"/public/vacancies/{DURHAM}").text


class TestRebuild:
    def test_c8_leaves_what_is_published_as_it_was(self, product: stack.Stack, report: pages.Page) -> None:
        address = f"{product.url}/open-data/hsds/services?per_page=100"
        before = requests.get(address, timeout=pages.SECONDS).json()
        product.tracker("reports", "rebuild")
        after = requests.get(address, timeout=pages.SECONDS).json()
        assert after["total_items"] == before["total_items"]
        assert [row["id"] for row in after["contents"]] == [row["id"] for row in before["contents"]]
