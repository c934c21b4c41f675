"""The checks of every page notice what they are there for."""

from __future__ import annotations

import pytest
from playwright import sync_api

from tests.browser import conftest, watching
from tests.factories import stack

ADD = "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)"
RUN = """() => {
  const script = document.createElement("script");
  script.textContent = "document.title = 'taken over'";
  document.body.append(script);
}"""


@pytest.fixture
def page(product: stack.Stack, browser: sync_api.Browser) -> sync_api.Page:
    width, height = conftest.PHONE
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.goto(f"{product.url}/help")
    return opened


class TestChecks:
    def test_notice_what_the_policy_forbids(self, page: sync_api.Page) -> None:
        watch = watching.Watch(page)
        page.evaluate(RUN)
        page.wait_for_timeout(100)
        assert page.title() != "taken over"
        assert "Content Security Policy" in watch.faults[0]

    def test_notice_an_error_of_a_script(self, page: sync_api.Page) -> None:
        watch = watching.Watch(page)
        page.evaluate("() => setTimeout(() => { throw new Error('broken') }, 0)")
        page.wait_for_timeout(100)
        assert "broken" in watch.faults[0]

    def test_notice_what_is_too_wide(self, page: sync_api.Page) -> None:
        assert watching.overflow(page) == []
        page.evaluate(ADD, "<p>" + "x" * 500 + "</p>")
        assert watching.overflow(page)

    def test_notice_what_some_people_cannot_use(self, page: sync_api.Page) -> None:
        assert watching.violations(page) == []
        page.evaluate(ADD, '<img src="/assets/x.png"><input>')
        assert {fault.partition(":")[0] for fault in watching.violations(page)} >= {"image-alt", "label"}
