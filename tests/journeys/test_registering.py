"""From a stranger to a colleague who is signed in: registering, approving, the first password."""

from __future__ import annotations

import pytest

from contracts import demo
from tests.factories import api, pages, stack
from tests.journeys import people

READY = "Your Capacity Tracker account is ready"
REFUSED = "Your request for a Capacity Tracker account was not approved"


class TestApplicantOfACareHome:
    def test_a1_to_a5_comes_from_the_first_form_to_a_home_page_that_fits(self, product: stack.Stack) -> None:
        """A1, A3, A4, A5: over pages alone, without script."""
        email = "cora.caring@cranberry.example"
        visitor, approver = pages.Visitor(product.url), pages.signed_in(product.url, people.APPROVER)
        before = waiting_count(approver)
        self._apply(visitor, email)
        letter = people.mail(product, to=people.APPROVER, subject="New user to approve: Cora Caring Wood")
        assert email in letter["text"]
        assert pages.links_in(letter["text"])[0] == f"{product.url}/registrations"
        assert waiting_count(approver) == before + 1
        self._approve(approver, letter)
        assert waiting_count(approver) == before
        login = people.mail(product, to=email, subject=READY)
        home = self._choose_password(visitor, email, people.temporary_password(login))
        assert tiles(home) == ["My providers", "Last updated", "Directory", "Resources", "Your account"]
        assert len(visitor.get("/providers").main.all("h2")) == 3, "no home named means all of them"
        goodbye = visitor.send(home, "Sign out")
        assert goodbye.heading == "You have signed out"
        assert visitor.get("/home").path == "/sign-in"

    def _apply(self, visitor: pages.Visitor, email: str) -> None:
        check = people.apply_on_pages(visitor, people.application(email))
        assert check.heading == "Check your answers"
        assert "Cranberry Care" in check.text
        assert "All of the organisation’s" in check.text
        # One answer is changed, and the steps that lack nothing are not asked again.
        details = visitor.send(check, "Change full name")
        assert details.form("Continue").value("email") == email
        check = visitor.send(details, "Continue", {"full_name": "Cora Caring Wood"})
        assert check.heading == "Check your answers"
        assert "Cora Caring Wood" in check.text
        done = visitor.send(check, "Send my application")
        assert done.path == "/register/done"
        assert done.heading == "Thank you. Your application has arrived."

    def _approve(self, approver: pages.Visitor, letter: dict[str, str]) -> None:
        queue = approver.get(pages.links_in(letter["text"])[0])
        person = approver.get(queue.link("Cora Caring Wood"))
        assert "Care assistant" in person.text
        assert "0191 496 0123" in person.text
        answer = approver.send(person, "Approve Cora Caring Wood")
        assert "Approved. An email with the login details is on its way." in answer.text

    def _choose_password(self, visitor: pages.Visitor, email: str, temporary: str) -> pages.Page:
        page = visitor.sign_in(email, temporary)
        assert page.heading == "Choose your password"
        assert "at least 10 characters" in page.text
        assert visitor.get("/providers").path == "/password", "nothing else is open before"
        for refused, words in (
            ("short", "Use at least 10 characters"),
            ("cora-lives-by-the-sea", "Leave out your name"),
            ("capacity-tracker-rocks", "Leave out the name of this service"),
            ("password1234", "too common or too easy to guess"),
            (temporary, "not among your last 4 passwords"),
        ):
            page = visitor.send(page, "Save password", {"new_password": refused})
            assert page.status == 400
            assert words in page.error("new_password")
            assert refused not in page.html
        home = visitor.send(page, "Save password", {"new_password": people.CHOSEN_PASSWORD})
        assert home.path == "/home"
        assert "Your password has been changed." in home.text
        return home

    def test_a4_signs_in_with_the_temporary_password_once(self, product: stack.Stack) -> None:
        email = "once.only@cranberry.example"
        temporary = people.approved(product, email)
        first = pages.Visitor(product.url)
        assert first.sign_in(email, temporary).heading == "Choose your password"
        second = pages.Visitor(product.url).sign_in(email, temporary)
        assert (second.status, second.path) == (401, "/sign-in")
        body = {"email": email, "password": temporary}
        assert api.Api(product.url).call("POST", "/sessions", json=body).status_code == 401

    def test_a4_does_the_same_over_the_api(self, product: stack.Stack) -> None:
        email = "over.api@cranberry.example"
        caller = api.Api(product.url)
        body = {"email": email, "password": people.approved(product, email)}
        opened = caller.post("/sessions", body)
        assert opened["duty"] == "password"
        caller.http.headers["Authorization"] = f"Bearer {opened['token']}"
        assert caller.call("GET", "/providers").status_code == 403
        change = {"current_password": body["password"], "new_password": "short"}
        refused = caller.call("POST", "/password", json=change)
        assert (refused.status_code, list(refused.json()["fields"])) == (400, ["new_password"])
        renewed = caller.post("/password", {**change, "new_password": people.CHOSEN_PASSWORD})
        caller.http.headers["Authorization"] = f"Bearer {renewed['token']}"
        assert caller.get("/me")["organisation"]["name"] == "Cranberry Care"
        assert caller.get("/providers")["total"] == 3
        assert caller.call("DELETE", "/sessions/current").ok
        assert caller.call("GET", "/me").status_code == 401

    def test_a3_is_told_why_she_was_rejected(self, product: stack.Stack) -> None:
        email = "rita.rejected@cranberry.example"
        visitor, approver = pages.Visitor(product.url), pages.signed_in(product.url, people.APPROVER)
        check = people.apply_on_pages(visitor, people.application(email, full_name="Rita Rejected"))
        visitor.send(check, "Send my application")
        people.mail(product, to=people.APPROVER, subject="New user to approve: Rita Rejected")
        person = approver.get(approver.get("/registrations").link("Rita Rejected"))
        unexplained = approver.send(person, "Reject", {"reason": " "})
        assert unexplained.status == 400
        assert unexplained.error("reason")
        answer = approver.send(unexplained, "Reject", {"reason": "Use your work address & ask Sam."})
        assert "Rejected." in answer.text
        letter = people.mail(product, to=email, subject=REFUSED)
        assert "Use your work address & ask Sam." in letter["text"]
        assert "Use your work address &amp; ask Sam." in letter["html"]
        gone = approver.get(person.path)
        assert gone.status == 404

    def test_a3_is_decided_on_once(self, product: stack.Stack) -> None:
        registered = people.apply_over_api(product.url, people.application("twice@cranberry.example"))
        approver = api.sign_in(product.url, people.APPROVER)
        approver.post(f"/registrations/{registered['id']}/approve")
        again = approver.call("POST", f"/registrations/{registered['id']}/reject", json={"reason": "No."})
        assert again.status_code == 409

    def test_a1_is_told_next_to_each_field_what_is_missing(self, product: stack.Stack) -> None:
        visitor = pages.Visitor(product.url)
        page = visitor.send(visitor.get("/register"), "Continue")
        assert page.status == 400
        for name in ("email", "full_name", "phone", "job_title", "organisation_type"):
            assert page.error(name), name
        page = visitor.send(page, "Continue", people.application("not an address"))
        page = visitor.send(page, "Continue")
        assert page.error("find") == "Find and add your organisation or its sites."
        page = visitor.send(page, "Find", {"find": "no such organisation"})
        assert "Nothing found for “no such organisation”" in page.text

    def test_a1_is_sent_back_to_the_step_that_identity_refuses(self, product: stack.Stack) -> None:
        visitor = pages.Visitor(product.url)
        check = people.apply_on_pages(visitor, people.application("not an address"))
        refused = visitor.send(check, "Send my application")
        assert refused.status == 400
        assert refused.heading == "Register, step 1 of 3 Your details"
        assert refused.error("email")

    def test_a1_finds_homes_by_postcode_and_names_one(self, product: stack.Stack) -> None:
        staff = api.sign_in(product.url, "staff@cranberry.example")
        home = staff.get("/providers")["results"][0]
        visitor, email = pages.Visitor(product.url), "one.home@cranberry.example"
        page = visitor.send(visitor.get("/register"), "Continue", people.application(email))
        page = visitor.send(page, "Find", {"find": home["postcode"].lower().replace(" ", "")})
        page = visitor.send(page, "Add what I ticked", {"choice": [f"provider:{home['id']}"]})
        page = visitor.send(page, "Continue")
        page = visitor.send(page, "Continue", {"accepts_terms": "yes", "accepts_communications": "no"})
        assert page.heading == "Check your answers"
        assert home["name"] in page.text
        visitor.send(page, "Send my application")
        waiting_now = api.sign_in(product.url, people.APPROVER).get("/registrations")["results"]
        (person,) = [person for person in waiting_now if person["email"] == email]
        assert [provider["id"] for provider in person["providers"]] == [home["id"]]

    def test_a1_has_to_agree_to_the_terms(self, product: stack.Stack) -> None:
        visitor, email = pages.Visitor(product.url), "no.terms@cranberry.example"
        check = people.apply_on_pages(visitor, people.application(email))
        terms = visitor.send(check, "Change terms of use")
        check = visitor.send(terms, "Continue", {"accepts_terms": "no", "accepts_communications": "no"})
        refused = visitor.send(check, "Send my application")
        assert refused.status == 400
        assert refused.heading == "Register, step 3 of 3 Terms"
        assert refused.error("accepts_terms") == "Agree to the terms of use to register."

    def test_a3_whose_organisation_has_one_approver_is_told_to_find_a_second(
        self, product: stack.Stack
    ) -> None:
        home = pages.signed_in(product.url, people.APPROVER).get("/home")
        assert "Your organisation has fewer than two Approvers." in home.text


class TestOtherApplicants:
    def test_a1_of_a_community_unit_say_whether_they_search(self, product: stack.Stack) -> None:
        """A1, A3: no Approver yet, so an administrator decides; who asked to search finds the tile."""
        email, visitor = "una.unit@community.example", pages.Visitor(product.url)
        details = people.application(email, full_name="Una Unit", organisation_type="community")
        page = visitor.send(visitor.get("/register"), "Continue", details)
        page = visitor.send(page, "Find", {"find": "Wayside"})
        page = visitor.send(page, "Add what I ticked", {"choice": [people.whole_organisation(page)]})
        page = visitor.send(page, "Continue")
        assert page.error("wants_search") == "Say whether you need to search for vacancies."
        page = visitor.send(page, "Continue", {"wants_search": "yes"})
        check = visitor.send(page, "Continue", {"accepts_terms": "yes", "accepts_communications": "yes"})
        assert "Searches for vacancies Yes" in check.text
        visitor.send(check, "Send my application")
        people.mail(product, to="admin@tracker.example", subject="New user to approve: Una Unit")
        self._approve(product, "Una Unit")
        login = people.mail(product, to=email, subject=READY)
        page = visitor.sign_in(email, people.temporary_password(login))
        home = visitor.send(page, "Save password", {"new_password": people.CHOSEN_PASSWORD})
        assert "Find vacancies" in tiles(home)
        assert visitor.get("/find?postcode=DH1+3YG").status == 200

    def test_a1_of_a_council_choose_it_from_the_list_and_the_areas_champion_may_approve(
        self, product: stack.Stack
    ) -> None:
        email, visitor = "carl.council@durham.example", pages.Visitor(product.url)
        details = people.application(email, full_name="Carl Council", organisation_type="local_authority")
        page = visitor.send(visitor.get("/register"), "Continue", details)
        assert visitor.send(page, "Continue").error("organisation_id") == "Choose your organisation."
        durham = demo.organisation("durham").id
        page = visitor.send(page, "Continue", {"organisation_id": durham})
        check = visitor.send(page, "Continue", {"accepts_terms": "yes", "accepts_communications": "yes"})
        assert "County Durham" in check.text
        visitor.send(check, "Send my application")
        self._approve(product, "Carl Council", by="champion@durham.example")
        login = people.mail(product, to=email, subject=READY)
        assert visitor.sign_in(email, people.temporary_password(login)).heading == "Choose your password"

    def _approve(self, product: stack.Stack, name: str, *, by: str = "admin@tracker.example") -> None:
        approver = pages.signed_in(product.url, by)
        queue = approver.get("/registrations")
        while name not in queue.text:
            queue = approver.get(queue.link("Next"))
        answer = approver.send(approver.get(queue.link(name)), f"Approve {name}")
        assert "Approved." in answer.text


class TestAddressThatIsRegistered:
    @pytest.mark.parametrize("case", ["as it is", "in capitals"])
    def test_a2_gets_the_same_answer_and_a_mail_that_says_what_to_do(
        self, product: stack.Stack, case: str
    ) -> None:
        email = "ward@acute.example" if case == "as it is" else "Council@Durham.Example"
        visitor = pages.Visitor(product.url)
        fresh = f"fresh.{case.replace(' ', '.')}@cranberry.example"
        answers = []
        for address in (email, fresh):
            check = people.apply_on_pages(visitor, people.application(address))
            answers.append(visitor.send(check, "Send my application"))
        repeated, new = answers
        assert (repeated.status, repeated.url, repeated.html) == (new.status, new.url, new.html)
        letter = people.mail(
            product, to=email.lower(), subject="You are registered with Capacity Tracker already"
        )
        assert f"{product.url}/sign-in" in letter["text"]

    def test_a2_gets_the_same_answer_over_the_api(self, product: stack.Stack) -> None:
        repeated = people.apply_over_api(product.url, people.application("rehab@community.example"))
        new = people.apply_over_api(product.url, people.application("fresh.api@cranberry.example"))
        assert repeated.keys() == new.keys()
        assert repeated["status"] == new["status"] == "awaiting"
        assert len(repeated["id"]) == len(new["id"])


def waiting_count(approver: pages.Visitor) -> int:
    """Return the number on the tile of people who wait."""
    return int(approver.get("/home").row("Users awaiting approval").all(class_="app-tile__number")[0].text)


def tiles(home: pages.Page) -> list[str]:
    return [heading.text for heading in home.main.all(class_="app-tile__heading")]
