"""What goes wrong in a tab unseen, and what of a page somebody cannot use."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from playwright import sync_api

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
NOT_OURS = [".swagger-ui"]
"""The inside of Swagger UI on /docs: a tool for programmers; its contrasts are its authors'."""
RUN_AXE = "exclude => axe.run({include: [['html']], exclude}, {resultTypes: ['violations']})"
OVERFLOWING = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return [];
  const right = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > right + 1)
    .map((element) => `${element.tagName} ${element.className}`).slice(0, 5).concat(`by ${wide} px`);
}"""


class Watch:
    """Collects what a tab complains of: script errors, refused resources, broken policy, faults of ours."""

    def __init__(self, page: sync_api.Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("response", self._on_response)

    def _on_console(self, message: sync_api.ConsoleMessage) -> None:
        # A refusal that the page itself shows is noted by the browser as a resource that failed.
        is_page = message.location.get("url") == self.page.url and "Failed to load" in message.text
        if message.type in ("error", "warning") and not is_page:
            self.faults.append(f"{self.page.url}: {message.text}")

    def _on_response(self, response: sync_api.Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} {response.url}")


def overflow(page: sync_api.Page) -> list[str]:
    """Return what makes a page scroll sideways."""
    found: list[str] = page.evaluate(OVERFLOWING)
    return found


def violations(page: sync_api.Page) -> list[str]:
    """Return what axe finds wrong with the page as it stands."""
    if page.evaluate("() => window.axe === undefined"):
        page.evaluate(_axe())
    result: dict[str, Any] = page.evaluate(RUN_AXE, [NOT_OURS])
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]} ({'; '.join(node['target'])})"
        for fault in result["violations"]
        for node in fault["nodes"][:3]
    ]


@functools.cache
def _axe() -> str:
    assert AXE.exists(), "run `npm ci` first"
    return AXE.read_text()
