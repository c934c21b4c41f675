"""What mails say and look like (DOMAIN E)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import jinja2
import pytest

from services.notifications import letters

LINE = {
    "name": "Fernbank House",
    "age": "3 days ago",
    "updated": datetime(2026, 11, 15, 9, 5, tzinfo=UTC),
    "confirm_link": "https://tracker.example/confirm/abc",
    "update_link": "https://tracker.example/providers/1/capacity",
}
WORDS: dict[str, dict[str, Any]] = {
    "user_to_approve": {
        "applicant_name": "Ash Grove",
        "applicant_address": "ash@homes.example",
        "on_a_list": False,
        "decide_link": "https://tracker.example/registrations",
    },
    "user_approved": {
        "address": "robin@homes.example",
        "temporary_password": "amber-lattice-plume",
        "expires_at": datetime(2026, 11, 21, 9, 5, tzinfo=UTC),
        "sign_in_link": "https://tracker.example/sign-in",
        "forgotten_link": "https://tracker.example/password/forgotten",
    },
    "user_rejected": {"reason": "Not one of ours."},
    "new_login_details": {
        "address": "robin@homes.example",
        "temporary_password": "amber-lattice-plume",
        "expires_at": datetime(2026, 11, 21, 9, 5, tzinfo=UTC),
        "sign_in_link": "https://tracker.example/sign-in",
        "forgotten_link": "https://tracker.example/password/forgotten",
    },
    "account_locked": {"forgotten_link": "https://tracker.example/password/forgotten"},
    "bulk_result": {
        "heading": "Your bulk update is saved: homes.xlsx",
        "happened": "What you sent has been saved.",
        "numbers": [{"words": "Providers saved", "number": 57}],
        "problem": "Some rows were left out.",
        "may_undo": True,
        "link": "https://tracker.example/bulk/0192f0c1",
    },
    "password_forgotten": {
        "link": "https://tracker.example/password/link/abc",
        "expires_at": datetime(2026, 11, 18, 10, 30, tzinfo=UTC),
        "forgotten_link": "https://tracker.example/password/forgotten",
    },
    "password_expiring": {
        "expires_at": datetime(2026, 12, 2, 9, 30, tzinfo=UTC),
        "days_left": 14,
        "change_link": "https://tracker.example/password",
    },
    "credentials_changed": {
        "changed": "Signing in to Capacity Tracker no longer takes a second step",
        "happened": "The second step was taken off your account",
        "then": "You can set it up again.",
        "changed_at": datetime(2026, 11, 18, 9, 30, tzinfo=UTC),
        "to_second_step": True,
        "second_step_link": "https://tracker.example/account/second-factor",
        "forgotten_link": "https://tracker.example/password/forgotten",
    },
    "already_registered": {
        "advice": "You can sign in.",
        "can_sign_in": True,
        "sign_in_link": "https://tracker.example/sign-in",
        "forgotten_link": "https://tracker.example/password/forgotten",
    },
    "public_report": {
        "area": "County Durham",
        "sender": "Cal Coordinator",
        "organisation": "Fictional County Council",
        "words": "As every week.",
        "homes": 52,
        "with_vacancies": 12,
        "as_of": datetime(2026, 11, 18, 9, 30, tzinfo=UTC),
        "link": "https://tracker.example/public/vacancies/E06000047",
    },
    "reminder": {"lines": [LINE], "total": 1, "providers_link": "https://tracker.example/providers"},
}
HOSTILE = "<script>alert(1)</script>\r\nBcc: all@homes.example\u202e"


def rendered(kind: str, **more: Any) -> letters.Letter:
    words = {"full_name": "Robin Vale", "site": "https://tracker.example"} | WORDS[kind] | more
    return letters.render(kind, **words)


class TestRender:
    def test_knows_every_template(self) -> None:
        templates = {path.stem for path in letters.TEMPLATES.glob("*.txt")} - {"layout"}
        assert templates == set(WORDS)

    @pytest.mark.parametrize("kind", WORDS)
    def test_e_names_the_sender_and_why_the_mail_came_in_text_and_html(self, kind: str) -> None:
        letter = rendered(kind)
        for body in (letter.text, letter.html):
            assert "Capacity Tracker" in body
            assert "https://tracker.example" in body
            assert re.search(r"You get this mail because \w.*\w\.\n", body)
            assert "Hello Robin Vale," in body
        assert letter.subject
        assert "<" not in letter.text

    @pytest.mark.parametrize("kind", WORDS)
    def test_has_its_links_in_text_and_html_alike(self, kind: str) -> None:
        letter = rendered(kind)
        links = set(re.findall(r"https://[^\s\"<]+", letter.text))
        assert links == set(re.findall(r"https://[^\s\"<]+", letter.html))

    @pytest.mark.parametrize("kind", WORDS)
    def test_shows_what_people_typed_as_text(self, kind: str) -> None:
        hostile = {name: HOSTILE for name, word in WORDS[kind].items() if isinstance(word, str)}
        if kind == "reminder":
            hostile["lines"] = [LINE | {"name": HOSTILE}]
        letter = rendered(kind, full_name=HOSTILE, **hostile)
        assert "<script>" not in letter.html
        assert "&lt;script&gt;" in letter.html
        assert "\u202e" not in letter.text + letter.html + letter.subject

    @pytest.mark.parametrize("kind", WORDS)
    def test_keeps_a_name_with_a_line_break_on_one_line(self, kind: str) -> None:
        names = {"full_name", "applicant_name", "reason"}
        letter = rendered(kind, **dict.fromkeys(names, HOSTILE))
        assert "\nBcc:" not in letter.text
        assert not re.search(r"[\r\n]", letter.subject)

    def test_puts_no_password_in_a_link(self) -> None:
        letter = rendered("user_approved")
        assert "amber-lattice-plume" in letter.text
        assert "amber-lattice-plume" in letter.html
        for link in re.findall(r"https?://[^\s\"<]+", letter.text + letter.html):
            assert "amber" not in link

    @pytest.mark.parametrize(("days_left", "words"), [(14, "14 more days"), (1, "1 more day")])
    def test_a5_says_how_long_a_password_still_works(self, days_left: int, words: str) -> None:
        letter = rendered("password_expiring", days_left=days_left)
        assert letter.subject == f"Your Capacity Tracker password works for {words}"
        for body in (letter.text, letter.html):
            assert "Wednesday 2 December 2026 at 9:30" in body

    @pytest.mark.parametrize(("on_a_list", "said"), [(True, False), (False, True)])
    def test_a3_says_when_the_applicants_organisation_is_on_no_list(
        self, on_a_list: bool, said: bool
    ) -> None:
        letter = rendered("user_to_approve", on_a_list=on_a_list)
        for body in (letter.text, letter.html):
            assert ("on no list" in body) == said

    def test_says_until_when_the_temporary_password_works_in_london_time(self) -> None:
        summer = datetime(2026, 7, 21, 9, 5, tzinfo=UTC)
        assert "until Tuesday 21 July 2026 at 10:05" in rendered("user_approved", expires_at=summer).text

    def test_refuses_a_template_that_misses_a_word(self) -> None:
        with pytest.raises(jinja2.UndefinedError):
            letters.render("user_rejected", full_name="Robin Vale", site="https://tracker.example")

    def test_lists_every_overdue_provider_of_the_reminder(self) -> None:
        never = {
            "name": "Larch Court",
            "updated": None,
            "update_link": "https://tracker.example/providers/2/capacity",
        }
        letter = rendered("reminder", lines=[never, LINE], total=2)
        assert letter.subject == "Are the vacancies still right? Larch Court and 1 more"
        for body in (letter.text, letter.html):
            assert body.index("Larch Court") < body.index("Never updated") < body.index("Fernbank House")
            assert "on Sunday 15 November 2026 at 9:05" in body
