"""Remove everything that installing and running made, with the data: `make clean`. Standard library only."""

from __future__ import annotations

import shutil

from deploy.local import children, environment, lock, progress

MADE = (
    ".venv",
    "node_modules",
    "gateway/assets/dist",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".schemathesis",
    "capacity_tracker.egg-info",
)


def main() -> int:
    """Remove it, unless the product is running."""
    try:
        with lock.held(environment.VAR):
            for path in (*(environment.ROOT / name for name in MADE), environment.elsewhere()):
                shutil.rmtree(path, ignore_errors=True)
            shutil.rmtree(environment.VAR)
    except children.CannotStart as refusal:
        return progress.refuse(str(refusal))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
