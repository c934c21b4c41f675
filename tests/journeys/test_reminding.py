"""The weekly reminder: a mail with a link that takes one press, works once and needs no login."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes, people

ASKING = "Has anything changed?"


@dataclass
class Reminded:
    """People of Cranberry Care who have the week's mail, and the home that it asks about."""

    letters: dict[str, dict[str, Any]]
    home_id: str

    def link(self, name: str) -> str:
        """Return the "Nothing has changed" link in somebody's mail."""
        found = re.search(r"Nothing has changed: (\S+/confirm/\S+)", self.letters[name]["text"])
        assert found, self.letters[name]["text"]
        return found[1]


@pytest.fixture(scope="module")
def reminded(product: stack.Stack) -> Reminded:
    """Run the week's reminder once: nobody gets a second one."""
    names = ("press", "late", "goer", "overtaken")
    addresses = {name: f"{name}@cranberry.example" for name in names}
    for name, email in addresses.items():
        people.approved(product, email, full_name=f"{name.title()} Person")
    homes.add(api.sign_in(product.url, homes.KEEPER), "<script>alert(2)</script> Rest")
    (home,) = [row for row in cranberry(product) if row["overdue"] and row["last_updated"]]
    product.tracker("remind")
    letters = {
        name: people.mail(product, to=email, subject="Are the vacancies still right?")
        for name, email in addresses.items()
    }
    return Reminded(letters, home["id"])


class TestMail:
    def test_b14_goes_to_the_people_of_overdue_providers_alone(
        self, product: stack.Stack, reminded: Reminded
    ) -> None:
        fresh, stale, never = sorted(
            cranberry(product), key=lambda row: row["last_updated"] or "", reverse=True
        )
        text = reminded.letters["press"]["text"]
        assert stale["name"] in text
        assert never["name"] in text
        assert f"/providers/{fresh['id']}/capacity" not in text
        assert f"Update now: {product.url}/providers/{never['id']}/capacity" in text
        assert "Last updated 9 days ago" in text
        for nobody in ("council@durham.example", "analyst@north.example", "nadia.newcomer@cranberry.example"):
            assert not reminders(product, nobody)

    def test_names_the_sender_and_why_it_came_as_text_and_html(self, reminded: Reminded) -> None:
        letter = reminded.letters["press"]
        assert "You get this mail because you keep the figures of these providers" in letter["text"]
        assert "Hello Press Person," in letter["text"]
        assert reminded.link("press") in letter["html"]

    def test_shows_a_name_as_text(self, product: stack.Stack, reminded: Reminded) -> None:
        (letter,) = waiting.until(lambda: reminders(product, homes.KEEPER), what="the keeper's reminder")
        assert "<script>alert(2)</script> Rest" in letter["text"]
        assert "&lt;script&gt;alert(2)&lt;/script&gt; Rest" in letter["html"]
        assert "<script" not in letter["html"]

    def test_is_not_sent_twice_in_a_week(self, product: stack.Stack, reminded: Reminded) -> None:
        waiting.until(lambda: reminders(product, "staff@cranberry.example"), what="everybody's reminder")
        before = waiting.steady(lambda: len(all_reminders(product)))
        product.tracker("remind")
        assert waiting.steady(lambda: len(all_reminders(product)), seconds=3) == before


class TestLink:
    def test_b9_confirms_with_one_press_without_login_and_only_once(
        self, product: stack.Stack, reminded: Reminded
    ) -> None:
        scanner, person = pages.Visitor(product.url), pages.Visitor(product.url)
        before = figures(product, reminded)
        for _ in range(2):
            page = scanner.get(reminded.link("press"))
            assert page.heading.endswith(ASKING)
        assert scanner.http.head(reminded.link("press"), timeout=pages.SECONDS).ok
        assert figures(product, reminded) == before, "looking changes nothing"
        page = person.get(reminded.link("press"))
        for bed in before["bed_types"]:
            assert f"{bed['label']} {bed['accepting']} {bed['maximum']}" in page.row(bed["label"]).text
        done = person.send(page, "Nothing has changed")
        assert done.heading == "Thank you. Your figures are up to date."
        after = figures(product, reminded)
        assert after["last_updated"] > before["last_updated"]
        assert after["last_updated_by"] == "Press Person"
        assert after["bed_types"] == before["bed_types"]
        again = person.send(page, "Nothing has changed")
        assert (again.status, again.heading) == (409, "This link has been used")
        assert person.get(reminded.link("press")).heading == "This link has been used"
        assert figures(product, reminded) == after, "a second press declares nothing"
        history = api.sign_in(product.url, people.APPROVER).get(f"/providers/{reminded.home_id}/history")
        assert (history["results"][0]["channel"], history["results"][0]["kind"]) == (
            "email_link",
            "confirmed",
        )
        assert person.get("/home").path == "/sign-in", "the link is no login"

    def test_b10_confirms_no_figures_that_were_not_on_the_page(
        self, product: stack.Stack, reminded: Reminded
    ) -> None:
        person = pages.Visitor(product.url)
        page = person.get(reminded.link("overtaken"))
        staff = api.sign_in(product.url, "staff@cranberry.example")
        api.save_capacity(staff, reminded.home_id, changes={"weekly_price_from": 1111})
        version = figures(product, reminded)["version"]
        refused = person.send(page, "Nothing has changed")
        assert refused.status == 412
        assert "Stanley Staff changed" in refused.text
        assert figures(product, reminded)["version"] == version
        assert "Thank you." in person.send(refused, "Nothing has changed").text

    def test_expires(self, product: stack.Stack, reminded: Reminded) -> None:
        person = pages.Visitor(product.url)
        page = person.get(reminded.link("late"))
        execute(
            product,
            "notifications",
            "update actions set expires_at = now() - interval '1 minute' where user_id = %s",
            user_id(product, "late@cranberry.example"),
        )
        version = figures(product, reminded)["version"]
        assert person.get(reminded.link("late")).heading == "This link has expired"
        assert person.send(page, "Nothing has changed").heading == "This link has expired"
        assert figures(product, reminded)["version"] == version

    def test_a9_of_somebody_who_has_left_does_nothing(self, product: stack.Stack, reminded: Reminded) -> None:
        person = pages.Visitor(product.url)
        page = person.get(reminded.link("goer"))
        goer = user_id(product, "goer@cranberry.example")
        execute(product, "identity", "update users set status = 'deactivated' where id = %s", goer)
        version = figures(product, reminded)["version"]
        for refused in (person.get(reminded.link("goer")), person.send(page, "Nothing has changed")):
            assert (refused.status, "not active any more" in refused.text) == (403, True)
            assert not refused.root.all("table"), "no figures are shown"
        assert figures(product, reminded)["version"] == version

    def test_that_is_unknown_says_so(self, product: stack.Stack) -> None:
        for token in ("no-such-token", "x" * 3000, "%00", "a%2F..%2Fb"):
            page = pages.Visitor(product.url).get(f"/confirm/{token}")
            assert page.status in (400, 404), token


def cranberry(product: stack.Stack) -> list[dict[str, Any]]:
    return list(api.sign_in(product.url, people.APPROVER).get("/providers")["results"])


def figures(product: stack.Stack, reminded: Reminded) -> dict[str, Any]:
    caller = api.sign_in(product.url, people.APPROVER)
    return dict(caller.get(f"/providers/{reminded.home_id}/capacity"))


def reminders(product: stack.Stack, email: str) -> list[dict[str, Any]]:
    return [mail for mail in product.mails(to=email) if mail in all_reminders(product)]


def all_reminders(product: stack.Stack) -> list[dict[str, Any]]:
    return [mail for mail in product.mails() if mail["subject"].startswith("Are the vacancies still right?")]


def user_id(product: stack.Stack, email: str) -> str:
    (row,) = execute(product, "identity", "select id from users where email = %s", email)
    return str(row[0])


def execute(product: stack.Stack, service: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement in a service's database: for what only time, or a later part of the product, does."""
    url = product.env[f"{service.upper()}_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        cursor = connection.execute(sql, values)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []
