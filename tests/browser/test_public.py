"""The public report in a real browser: found from the first page, without scripts, and on paper (C8)."""

from __future__ import annotations

from tests.browser import conftest, watching


class TestPublicReport:
    def test_c8_is_found_and_read_on_a_phone_without_scripts(self, tab: conftest.Opener) -> None:
        page = tab(size=conftest.PHONE, java_script_enabled=False)
        page.goto("/")
        page.get_by_role("link", name="Lists of homes with vacancies").click()
        page.get_by_role("link", name="County Durham").click()
        assert page.get_by_role("heading", name="Vacancies in County Durham").is_visible()
        assert page.get_by_role("row", name="General Residential").first.is_visible()
        assert page.get_by_text("May be out of date").first.is_visible()
        assert page.get_by_role("link", name="PDF, to print or pass on").is_visible()

    def test_c8_leaves_off_paper_what_can_only_be_pressed(self, tab: conftest.Opener) -> None:
        page = tab()
        page.goto("/public/vacancies/QHM")
        page.emulate_media(media="print")
        assert page.get_by_role("heading", name="How the figures come about").is_visible()
        assert page.get_by_role("table").first.is_visible()
        for gone in ("PDF, to print or pass on", "Other areas", "Sign in", "Privacy"):
            assert not page.get_by_role("link", name=gone).first.is_visible(), gone

    def test_c8_prints_no_addresses_of_links(self, tab: conftest.Opener) -> None:
        page = tab()
        page.goto("/public/vacancies/QHM")
        page.emulate_media(media="print")
        links = page.locator("main a:visible")
        assert links.count() > 1
        after = links.evaluate_all("links => links.map(link => getComputedStyle(link, '::after').content)")
        assert set(after) <= {"none", '""'}

    def test_c8_shows_its_sub_icbs_at_a_press_accessibly(self, tab: conftest.Opener) -> None:
        page = tab(size=conftest.PHONE)
        page.goto("/public/vacancies")
        page.get_by_text("sub-ICB", exact=False).filter(has_text="Show the").click()
        assert watching.violations(page) == []
        assert watching.overflow(page) == []
