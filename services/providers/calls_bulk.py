"""Calls of providers about bulk updates: a template, and a file to be checked, applied, undone (B12)."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import bulk, errors, permissions
from kit import rpc
from services.providers.bulk import bulk_templates, bulk_uploads

MAKING_SECONDS = 60.0
"""How long a file may take to be made."""


class Bulk:
    """Templates and uploads; the work itself is done in child processes, by ``bulk_work``."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]
    job_queued: Callable[[], None]
    in_child: Any

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER, repeatable=True)
    def bulk_template(self, *, template: str, format: str = bulk_templates.XLSX) -> dict[str, Any]:
        """Make a template that holds the caller's own providers as they are now."""
        if template not in bulk.TEMPLATES or format not in bulk_templates.FORMATS:
            raise errors.NotFound("There is no such template.")
        made = self.in_child(
            "services.providers.bulk.bulk_work:template",
            seconds=MAKING_SECONDS,
            code=template,
            format=format,
            actor=self.caller.as_dict(),
        )
        return {"content": base64.b64encode(made).decode()}

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def upload_bulk(
        self, *, template: str, file_name: str, content: str, declarations: list[str]
    ) -> dict[str, Any]:
        """Take in a filled-in template (base64), to be checked in the background."""
        try:
            plain = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as fault:
            raise errors.Invalid(
                "The file was not taken.", {"content": "Send the file in base64."}
            ) from fault
        with self.database.transaction() as session:
            upload = bulk_uploads.take(
                session,
                template=template,
                file_name=file_name,
                content=plain,
                declarations=declarations,
                by=self.caller,
                now=self.clock(),
            )
        self.job_queued()
        return bulk_uploads.answer(upload, None, now=self.clock())

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER, repeatable=True)
    def bulk_uploads(self) -> dict[str, Any]:
        """List the newest files that the caller has sent."""
        with self.database.reading() as session:
            return bulk_uploads.listed(session, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER, repeatable=True)
    def bulk_upload(self, *, upload_id: str, page: int = 1) -> dict[str, Any]:
        """Show how a file that the caller sent stands, what is wrong with it and what it changes."""
        with self.database.reading() as session:
            return bulk_uploads.one(session, upload_id=upload_id, page=page, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def apply_bulk(self, *, upload_id: str, mode: str, confirmed: bool = False) -> dict[str, Any]:
        """Have a checked file applied: all of it or none, or every provider without a fault."""
        return self._bulk_changed(
            bulk_uploads.apply, upload_id, mode=mode, confirmed=confirmed, now=self.clock()
        )

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def cancel_bulk(self, *, upload_id: str) -> dict[str, Any]:
        """Stop what is under way at its next step, or drop a checked file."""
        return self._bulk_changed(bulk_uploads.cancel, upload_id)

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def undo_bulk(self, *, upload_id: str) -> dict[str, Any]:
        """Have the former figures declared again wherever nobody has changed them since."""
        return self._bulk_changed(bulk_uploads.undo, upload_id, now=self.clock())

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER, repeatable=True)
    def bulk_faults(self, *, upload_id: str) -> dict[str, Any]:
        """Make a workbook of what is wrong with a file that the caller sent, and of what became of it."""
        with self.database.reading() as session:
            bulk_uploads.opened(session, upload_id=upload_id, by=self.caller)
        return {"content": self._fault_book(upload_id)}

    @rpc.entrypoint(may=permissions.SERVICE, repeatable=True)
    def bulk_report(self, *, upload_id: str, user_id: str) -> dict[str, Any]:
        """Tell another service how a person's bulk update stands, with the workbook of faults."""
        sender = dataclasses.replace(permissions.ANONYMOUS, user_id=user_id)
        with self.database.reading() as session:
            upload = bulk_uploads.opened(session, upload_id=upload_id, by=sender)
        return {
            **bulk_uploads.answer(upload, None, now=self.clock()),
            "content": self._fault_book(upload_id),
        }

    def _fault_book(self, upload_id: str) -> str:
        made = self.in_child(
            "services.providers.bulk.bulk_work:fault_book", seconds=MAKING_SECONDS, upload_id=upload_id
        )
        return base64.b64encode(made).decode()

    def _bulk_changed(self, change: Callable[..., Any], upload_id: str, **how: Any) -> dict[str, Any]:
        with self.database.transaction() as session:
            upload = change(session, upload_id=upload_id, by=self.caller, **how)
        self.job_queued()
        return bulk_uploads.answer(upload, None, now=self.clock())
