"""Calls of reports about files of what a search found: asked for, looked after, fetched in parts (C4)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import permissions
from kit import rpc
from services.reports import exports_asked


class Exports:
    """Files for download; they are made in child processes, by ``exports_work``."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]
    job_queued: Callable[[], None]

    @rpc.entrypoint(may=permissions.FIND_VACANCIES)
    def begin_export(
        self, *, criteria: dict[str, Any], format: str, words: list[list[str]] | None = None
    ) -> dict[str, Any]:
        """Have a file (``xlsx``, ``csv``) made of all that a search finds; ``words`` say its criteria."""
        with self.database.transaction() as session:
            export = exports_asked.begin(
                session,
                criteria=criteria,
                words=words or [],
                file_format=format,
                by=self.caller,
                now=self.clock(),
            )
        self.job_queued()
        return exports_asked.answer(export, None)

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def export(self, *, export_id: str) -> dict[str, Any]:
        """Show how a file stands that the caller asked for."""
        with self.database.reading() as session:
            return exports_asked.one(session, export_id=export_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def exports(self) -> dict[str, Any]:
        """List the files that the caller asked for and that are kept, the newest first."""
        with self.database.reading() as session:
            return exports_asked.own(session, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def export_part(self, *, export_id: str, number: int) -> dict[str, str]:
        """Return a part, from 0, of a file that is ready, in base 64."""
        with self.database.reading() as session:
            content = exports_asked.part(
                session, export_id=export_id, number=number, by=self.caller, now=self.clock()
            )
        return {"content": base64.b64encode(content).decode()}

    @rpc.entrypoint(may=permissions.FIND_VACANCIES)
    def drop_export(self, *, export_id: str) -> None:
        """Stop making a file, or forget one that is made."""
        with self.database.transaction() as session:
            exports_asked.drop(session, export_id=export_id, by=self.caller, now=self.clock())
