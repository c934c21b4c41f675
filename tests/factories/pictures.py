"""Take the pictures that the documents show, on a fresh product: `python -m tests.factories.pictures`."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright import sync_api

from contracts import demo
from deploy.local import install
from tests.factories import stack

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
HOMES = "300"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
)


def take(url: str, browser: sync_api.Browser) -> None:
    """Take each picture as the person who would see it."""
    ward = signed_in(url, browser, "ward@acute.example", width=1200, height=860)
    ward.goto("/find?postcode=DH1+3YG&bed_type=general_residential&updated_within_hours=168&radius_miles=25")
    ward.screenshot(path=IMAGES / "find.png")
    phone = signed_in(url, browser, "staff@cranberry.example", width=390, height=844)
    phone.goto("/providers")
    phone.locator("li:has(time)").get_by_role("link", name="Update capacity").first.click()
    phone.get_by_role("button", name="Save capacity").wait_for()
    phone.screenshot(path=IMAGES / "capacity.png")


def signed_in(url: str, browser: sync_api.Browser, email: str, *, width: int, height: int) -> sync_api.Page:
    """Return a tab of somebody of the demo."""
    page = browser.new_context(base_url=url, viewport={"width": width, "height": height}).new_page()
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(email)
    page.get_by_role("textbox", name="Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home")
    return page


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    program = next(filter(None, map(shutil.which, install.BROWSERS)), None)
    with stack.running() as product, sync_api.sync_playwright() as playwright:
        product.tracker("demo-data", "--homes", HOMES)
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        take(product.url, browser)
        browser.close()


if __name__ == "__main__":
    main()
