"""Settings: one frozen dataclass per process, read from the environment, all faults named at once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any, TypeVar

S = TypeVar("S")

_REQUIRED = "required"


class Missing(Exception):
    """Settings are missing or cannot be read; the message names every one of them."""


def setting(name: str, *, help: str, default: Any = _REQUIRED) -> Any:
    """Declare a field read from the environment variable ``name``; without a default it must be set."""
    if default is _REQUIRED:
        return dataclasses.field(metadata={"name": name, "help": help})
    return dataclasses.field(default=default, metadata={"name": name, "help": help})


def database_variable(service: str) -> str:
    """Return the name of the environment variable that holds a service's database URL."""
    return f"{service.upper()}_DATABASE_URL"


def load(cls: type[S], environ: Mapping[str, str] | None = None) -> S:
    """Read every setting of ``cls``.

    :raises Missing: naming all that are missing or malformed, not only the first.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    faults: list[str] = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        name = field.metadata["name"]
        text = environ.get(name)
        if text is None or text == "":
            if field.default is dataclasses.MISSING:
                faults.append(f"{name} is not set ({field.metadata['help']})")
            continue
        try:
            values[field.name] = _parse(text, str(field.type))
        except ValueError as fault:
            faults.append(f"{name}: {fault}")
    if faults:
        raise Missing("Settings need attention:\n  " + "\n  ".join(faults))
    return cls(**values)


def _parse(text: str, kind: str) -> Any:
    if kind == "bool":
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off"}:
            return False
        raise ValueError(f"must be 1 or 0, not {text!r}")
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind.startswith("tuple"):
        return tuple(float(part) for part in text.split(","))
    return text
