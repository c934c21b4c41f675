"""What a running local installation tells other commands about itself: var/local.env, and its secrets."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
LOCAL_ENV = VAR / "local.env"


def elsewhere() -> Path:
    """Return the folder outside the checkout for what another account must reach; one per checkout."""
    mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"capacity-tracker-{mark}"


def write(settings: Mapping[str, str], *, path: Path = LOCAL_ENV) -> None:
    """Write settings for the commands that come to a running installation; only its owner may read them."""
    _write_private(path, "".join(f"{name}={value}\n" for name, value in settings.items()))


def read(path: Path = LOCAL_ENV) -> dict[str, str]:
    """Return what `write` wrote, or nothing."""
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def adopt(path: Path = LOCAL_ENV) -> None:
    """Complete this process's environment from the running installation; what is set already stays."""
    for name, value in read(path).items():
        os.environ.setdefault(name, value)


def kept_secret(name: str, *, folder: Path) -> str:
    """Return the folder's secret of that name, made up the first time."""
    path = folder / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if name not in known:
        known[name] = secrets.token_urlsafe(32)
        _write_private(path, json.dumps(known, indent=2) + "\n")
    return known[name]


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
