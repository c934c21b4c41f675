"""Write the generated tables of docs/ARCHITECTURE.md: events, calls between services, settings.

``python -m deploy.tables`` writes them; ``--check`` only says whether they are fresh. A wiring test does the
same, so the tables cannot go stale unnoticed.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts import events, permissions
from deploy import processes
from kit import rpc

ROOT = Path(__file__).resolve().parent.parent
ARCHITECTURE = ROOT / "docs" / "ARCHITECTURE.md"

PLUMBING = (
    ("AMQP_URI", "every process", "a private broker", "RabbitMQ: amqp://user:password@host:port/vhost"),
    (
        "<SERVICE>_DATABASE_URL",
        "each service",
        "a database of its own on a private PostgreSQL",
        "postgresql+psycopg://user:password@host:port/name",
    ),
    (
        "AREAS_FOLDER",
        "every process",
        "our own files",
        "a folder of newer areas, as `tracker import areas` writes it",
    ),
    ("SEARCH_PROCESSES", "`make run`", "`1`", "how many search processes share the work"),
    ("DEMO_HOMES", "`make run`", "`300`", "how many homes a first start makes up"),
    ("MAILBOX_ADDRESS", "`make run`", "`127.0.0.1:8025`", "where the local mailbox shows its mails"),
    ("MAILBOX_SMTP_ADDRESS", "`make run`", "`127.0.0.1:8026`", "where the local mailbox takes mails in"),
)
"""Settings that no dataclass declares, because they say where the ground is that all stands on."""


def service_classes() -> dict[str, type]:
    """Return each service's class by name."""
    return {process.name: _class(process) for process in processes.PROCESSES if process.name != "gateway"}


def gateway_class() -> type:
    (gateway,) = (process for process in processes.PROCESSES if process.name == "gateway")
    return _class(gateway)


def _class(process: processes.Process) -> type:
    module, _, name = process.target.partition(":")
    found: type = getattr(importlib.import_module(module), name)
    return found


def entrypoints(service: type, kind: type) -> Iterator[tuple[str, Any, Any]]:
    """Give (method name, method, entrypoint) for each entrypoint of ``kind`` that a service has."""
    for name, method in inspect.getmembers(service, inspect.isfunction):
        for entrypoint in sorted(getattr(method, "nameko_entrypoints", ()), key=repr):
            if isinstance(entrypoint, kind):
                yield name, method, entrypoint


def first_sentence(thing: Any) -> str:
    text = inspect.getdoc(thing) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def events_table() -> str:
    rows = [
        [
            f"`{event.__name__}`",
            event.publisher,
            ", ".join(event.consumers) + (" (every process)" if event.broadcast else ""),
            first_sentence(event),
        ]
        for event in events.EVENTS.values()
        if event.__module__ == "contracts.events"
    ]
    return table(["event", "publisher", "consumers", "what happened"], rows)


WHO = {
    permissions.PUBLIC: "anybody",
    permissions.SIGNED_IN: "whoever is signed in",
    permissions.KNOWN: "whoever is signed in, API keys, services",
    permissions.SERVICE: "services",
}
"""The rules at a door in words; any other is the name of an action in `contracts/permissions.py`."""


def who(rule: permissions.Rule) -> str:
    """Return whom a rule at the door lets in."""
    if isinstance(rule, tuple):
        return " or ".join(who(action) for action in rule)
    return WHO.get(rule, f"`{rule}`")


def calls_table() -> str:
    rows = []
    for name, service in service_classes().items():
        for method_name, method, entrypoint in entrypoints(service, rpc.Entrypoint):
            arguments = [
                parameter for parameter in inspect.signature(method).parameters if parameter != "self"
            ]
            rows.append(
                [
                    f"`{name}.{method_name}`",
                    ", ".join(arguments) or "–",
                    who(entrypoint.may),
                    first_sentence(method),
                ]
            )
    return table(["call", "arguments", "who", "what it does"], rows)


def settings_fields() -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """Give (service or gateway, field) for each declared setting."""
    for module in sorted([*ROOT.glob("services/*/settings.py"), ROOT / "gateway" / "settings.py"]):
        where = ".".join(module.relative_to(ROOT).with_suffix("").parts)
        for _, cls in inspect.getmembers(importlib.import_module(where), dataclasses.is_dataclass):
            for field in dataclasses.fields(cls):
                yield module.parent.name, field


def settings_table() -> str:
    rows = [[f"`{name}`", *rest] for name, *rest in PLUMBING]
    for owner, field in settings_fields():
        default = "required" if field.default is dataclasses.MISSING else f"`{field.default}`"
        rows.append([f"`{field.metadata['name']}`", owner, default, field.metadata["help"]])
    return table(["setting", "read by", "default", "meaning"], rows)


TABLES = {"events": events_table, "calls": calls_table, "settings": settings_table}


def fresh_text() -> str:
    """Return ARCHITECTURE.md with every generated table as the code now has it."""
    text = ARCHITECTURE.read_text()
    for name, generate in TABLES.items():
        before, after = f"<!-- {name}: generated -->\n", "\n<!-- end -->"
        head, rest = text.split(before, 1)
        tail = rest.split(after, 1)[1]
        text = f"{head}{before}\n{generate()}\n{after}{tail}"
    return text


def main() -> None:
    fresh = fresh_text()
    if "--check" in sys.argv:
        sys.exit(0 if fresh == ARCHITECTURE.read_text() else "docs/ARCHITECTURE.md is stale: run make tables")
    ARCHITECTURE.write_text(fresh)


if __name__ == "__main__":
    main()
