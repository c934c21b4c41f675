"""Calls of reports about what is published: the report of an area, homes for open data, mailing (C8)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import errors, permissions
from kit import ids, rpc
from services.reports import public_files, public_homes, public_report, public_sending
from services.reports.settings import Settings

PDF_SECONDS = 30
PDF, CSV = "pdf", "csv"


class Public:
    """What anybody may know, and who may have it mailed."""

    name: str
    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]
    identity: rpc.Client
    in_child: Any
    settings: Settings

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def public_areas(self) -> dict[str, Any]:
        """List the councils, sub-ICBs and ICBs that have homes to report on; public."""
        with self.database.reading() as session:
            return public_homes.of_areas(session, now=self.clock())

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def public_report(self, *, area: str) -> dict[str, Any]:
        """Report which homes of an area have vacancies, as far as everybody may know; public."""
        with self.database.reading() as session:
            return public_report.of(session, area=area, now=self.clock())

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def public_report_file(self, *, area: str, file_type: str) -> dict[str, Any]:
        """Return the report of an area as ``pdf`` or ``csv``, in base 64; public."""
        if file_type not in (PDF, CSV):
            raise errors.Invalid("Ask for pdf or csv.", {"file_type": "Choose pdf or csv."})
        with self.database.reading() as session:
            report = public_report.of(session, area=area, now=self.clock())
        content = self._pdf(report) if file_type == PDF else self._csv(report)
        return {
            "digest": report["digest"],
            "as_of": report["as_of"],
            "content": base64.b64encode(content).decode(),
        }

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def public_homes(self, *, area: str | None = None, page: int = 1, page_size: int = 50) -> dict[str, Any]:
        """List homes that are published, with what everybody may know of each; public."""
        with self.database.reading() as session:
            found = public_homes.page(session, area=area, page=page, page_size=page_size, now=self.clock())
        self._name_organisations(found["results"])
        return found

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def public_home(self, *, provider_id: str) -> dict[str, Any]:
        """Tell of one home what everybody may know; public."""
        if not ids.is_valid(provider_id):
            raise errors.NotFound("There is no such home, or it is not published.")
        with self.database.reading() as session:
            found = public_homes.one(session, provider_id, now=self.clock())
        self._name_organisations([found])
        return found

    @rpc.entrypoint(may=permissions.UTILISATION_REPORTS)
    def send_public_report(
        self, *, sending_id: str, area: str, addresses: list[str], words: str = ""
    ) -> dict[str, Any]:
        """Have the report of an area within reach mailed; the same ``sending_id`` twice is one mail."""
        with self.database.transaction() as session:
            return public_sending.send(
                session,
                sending_id=sending_id,
                area=area,
                addresses=addresses,
                words=words,
                by=self.caller,
                now=self.clock(),
            )

    @rpc.entrypoint(may=permissions.SERVICE, repeatable=True)
    def public_report_sending(self, *, sending_id: str) -> dict[str, Any]:
        """Tell another service to whom a report is to be mailed, with the report as a PDF in base 64."""
        with self.database.reading() as session:
            sending = public_sending.find(session, sending_id)
            report = public_report.of(session, area=sending.area_code, now=self.clock())
        return {
            "addresses": sending.addresses,
            "sender": public_sending.sender(sending),
            "words": sending.words,
            "organisation_id": sending.organisation_id,
            "area": report["area"],
            "as_of": report["as_of"],
            "homes": report["homes"],
            "with_vacancies": len(report["results"]),
            "content": base64.b64encode(self._pdf(report)).decode(),
        }

    def _pdf(self, report: dict[str, Any]) -> bytes:
        made: bytes = self.in_child(
            "services.reports.public_pdf:document",
            seconds=PDF_SECONDS,
            report=report,
            site=self.settings.public_url,
            contact=self.settings.support_email,
        )
        return made

    def _csv(self, report: dict[str, Any]) -> bytes:
        return public_files.table(report, site=self.settings.public_url)

    def _name_organisations(self, homes: list[dict[str, Any]]) -> None:
        """Put into each home what the organisation that runs it is called, as far as identity knows it."""
        wanted = sorted({home["organisation_id"] for home in homes})
        ourselves = self.identity.acting_as(permissions.service(self.name))
        names = ourselves.organisation_names(organisation_ids=wanted) if wanted else {}
        for home in homes:
            home["organisation_name"] = names.get(home["organisation_id"])
