"""Read from another service, page by page, what it lists to those who keep something of all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tqdm

from contracts import permissions
from kit import client


def read(
    target: str, method: str, *, actor: permissions.Actor, limit: int, unit: str, progress: bool
) -> Iterator[list[Any]]:
    """Give the ``results`` of ``method`` called ``after`` each page's ``next``, with a bar that counts them.

    :raises errors.Unavailable: when the service does not answer.
    """
    after: str | None = None
    # With None, a bar is shown where somebody sees it.
    with tqdm.tqdm(unit=f" {unit}", desc=unit.capitalize(), disable=None if progress else True) as bar:
        while True:
            page = client.call(target, method, actor=actor, after=after, limit=limit)
            bar.update(len(page["results"]))
            yield page["results"]
            after = page["next"]
            if after is None:
                return
