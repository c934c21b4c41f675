"""One whole installation and one real browser for all; every test has people and devices of its own."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright import sync_api

from deploy.local import install
from tests.browser import watching
from tests.factories import api, stack

HOMES = "60"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = (390, 844)
WARD_COMPUTER = (1200, 800)

Opener = Callable[..., sync_api.Page]


@pytest.fixture(scope="session")
def product() -> Iterator[stack.Stack]:
    # Tests sign in over and over as the same people; that the oldest device gives way is tested elsewhere.
    with stack.running(settings={"SESSIONS_PER_PERSON": "500"}) as made:
        made.tracker("demo-data", "--homes", HOMES)
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    program = next(filter(None, map(shutil.which, install.BROWSERS)), None)
    assert program, f"none of {', '.join(install.BROWSERS)} is installed"
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, headless=True, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def tab(product: stack.Stack, browser: sync_api.Browser) -> Iterator[Opener]:
    """Open a tab on a device of its own; at the end nothing may have gone wrong in any of them."""
    watched: list[watching.Watch] = []

    def open_tab(
        email: str | None = None, size: tuple[int, int] = WARD_COMPUTER, **options: Any
    ) -> sync_api.Page:
        context = browser.new_context(
            base_url=product.url, viewport={"width": size[0], "height": size[1]}, **options
        )
        context.set_default_timeout(15_000)
        if email is not None:
            context.add_cookies([session_cookie(product.url, email)])
        page = context.new_page()
        watched.append(watching.Watch(page))
        return page

    yield open_tab
    for watch in watched:
        faults = watch.faults
        watch.page.context.close()
        assert not faults, faults


def session_cookie(url: str, email: str) -> Any:
    """Sign in and return the cookie that a browser would hold."""
    return {"name": "session", "value": _token(url, email), "url": url}


@functools.cache
def _token(url: str, email: str) -> str:
    return str(api.sign_in(url, email).http.headers["Authorization"]).removeprefix("Bearer ")
