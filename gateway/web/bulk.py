"""Update many providers with one file: template, dry run, save, undo (B12)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from contracts import bulk, errors, permissions
from gateway import answers, http
from gateway.web import paging, rendering, words
from kit import clock

if TYPE_CHECKING:
    from kit import rpc

PATH = "/bulk"
FILE_SECONDS = 65
"""How long a file may take to be made, or to be handed over."""
LARGEST_BODY = bulk.LARGEST_FILE + 64 * 1024
"""Bytes of a form with the largest file in it."""
CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
NOTICES = {
    "sent": "The file has arrived and is being checked.",
    "apply": "The changes are being saved.",
    "cancel": "The update stops at its next step.",
    "undo": "The update is being undone.",
}
MODES_HELP = {
    bulk.ALL_OR_NOTHING: "If somebody else has changed one of them in the meantime, none is saved.",
    bulk.VALID_ROWS: "Those with a fault are left as they are, and you can send them again.",
}
TAGS = {
    bulk.CHECKED: "blue",
    bulk.APPLIED: "green",
    bulk.REFUSED: "red",
    bulk.FAILED: "red",
    bulk.CANCELLED: "grey",
    bulk.UNDONE: "grey",
}


class Bulk:
    """Pages about updates by file."""

    providers: rpc.Client

    @http.page("GET", PATH, may=permissions.EDIT_PROVIDER)
    def bulk_page(self, request: http.Request) -> http.Page:
        """Offer the templates, take a file, and list the files that were sent."""
        return self._bulk_form(request)

    @http.page(
        "POST", "/bulk/upload", may=permissions.EDIT_PROVIDER, largest=LARGEST_BODY, kept=http.NOT_KEPT
    )
    def bulk_upload_page(self, request: http.Request) -> http.Page:
        """Take a file that somebody filled in."""
        template, declared = request.form.get("template", ""), request.form.getlist("declarations")
        file = request.files.get("file")
        content = file.read() if file is not None else b""
        try:
            upload = self.providers.within(FILE_SECONDS).upload_bulk(
                template=template,
                file_name=(file.filename if file is not None else "") or "",
                content=base64.b64encode(content).decode(),
                declarations=declared,
            )
        except (errors.Invalid, errors.Conflict) as refusal:
            return self._bulk_form(request, refusal=refusal, chosen=template, declared=declared)
        return http.see_other(f"{PATH}/{upload['id']}?done=sent")

    @http.page("GET", "/bulk/template/<code>.<kind>", may=permissions.EDIT_PROVIDER)
    def bulk_template_page(self, request: http.Request, *, code: str, kind: str) -> http.Page:
        """Give a template that holds somebody's own providers."""
        if code not in bulk.TEMPLATES or kind not in CONTENT_TYPES:
            raise errors.NotFound("There is no such template.")
        made = self.providers.within(FILE_SECONDS).bulk_template(template=code, format=kind)
        day = clock.now().astimezone(words.LONDON).date().isoformat()
        return _file(made["content"], kind, name=f"capacity-tracker-{code.replace('_', '-')}-{day}")

    @http.page("GET", "/bulk/<id:upload_id>", may=permissions.EDIT_PROVIDER)
    def bulk_state_page(self, request: http.Request, *, upload_id: str) -> http.Page:
        """Show how an update stands: its faults, what it changes, what may be done about it."""
        return self._bulk_state(request, upload_id)

    @http.page("GET,POST", "/bulk/<id:upload_id>/apply", may=permissions.EDIT_PROVIDER, kept=http.NOT_KEPT)
    def bulk_apply_page(self, request: http.Request, *, upload_id: str) -> http.Page:
        """Save what the dry run has shown."""
        return self._bulk_press(
            request,
            upload_id,
            "apply",
            lambda: self.providers.apply_bulk(
                upload_id=upload_id,
                mode=request.form.get("mode", ""),
                confirmed=request.form.get("confirmed") == "yes",
            ),
        )

    @http.page("GET,POST", "/bulk/<id:upload_id>/cancel", may=permissions.EDIT_PROVIDER, kept=http.NOT_KEPT)
    def bulk_cancel_page(self, request: http.Request, *, upload_id: str) -> http.Page:
        """Stop an update."""
        return self._bulk_press(
            request, upload_id, "cancel", lambda: self.providers.cancel_bulk(upload_id=upload_id)
        )

    @http.page("GET,POST", "/bulk/<id:upload_id>/undo", may=permissions.EDIT_PROVIDER, kept=http.NOT_KEPT)
    def bulk_undo_page(self, request: http.Request, *, upload_id: str) -> http.Page:
        """Put back what an update has changed."""
        return self._bulk_press(
            request, upload_id, "undo", lambda: self.providers.undo_bulk(upload_id=upload_id)
        )

    @http.page("GET", "/bulk/<id:upload_id>/errors.xlsx", may=permissions.EDIT_PROVIDER)
    def bulk_errors_page(self, request: http.Request, *, upload_id: str) -> http.Page:
        """Give everything that is wrong, and what became of each provider, as a workbook."""
        made = self.providers.within(FILE_SECONDS).bulk_faults(upload_id=upload_id)
        return _file(made["content"], "xlsx", name="capacity-tracker-bulk-update")

    def _bulk_press(
        self, request: http.Request, upload_id: str, what: str, press: Callable[[], Any]
    ) -> http.Page:
        if request.method == "GET":
            # Who had to sign in again comes back here, and has to see first how things stand.
            return http.see_other(f"{PATH}/{upload_id}")
        try:
            press()
        except (errors.Invalid, errors.Conflict) as refusal:
            return self._bulk_state(request, upload_id, refusal=refusal)
        return http.see_other(f"{PATH}/{upload_id}?done={what}")

    def _bulk_form(
        self,
        request: http.Request,
        *,
        refusal: errors.Error | None = None,
        chosen: str = "",
        declared: list[str] | None = None,
    ) -> http.Page:
        return rendering.respond(
            request,
            "bulk/start.html",
            status=answers.STATUS[type(refusal)] if refusal else 200,
            templates=bulk.TEMPLATES,
            declarations=bulk.DECLARATIONS,
            states=bulk.STATES,
            tags=TAGS,
            values={"template": chosen},
            declared=declared or [],
            uploads=self.providers.bulk_uploads()["results"],
            errors=refusal.fields if refusal else {},
            message=refusal.message if refusal else None,
        )

    def _bulk_state(
        self, request: http.Request, upload_id: str, *, refusal: errors.Error | None = None
    ) -> http.Page:
        page = paging.asked(request.args.get("page"))
        upload = self.providers.bulk_upload(upload_id=upload_id, page=page)
        # A notice of something under way is no longer true once it is over.
        notice = NOTICES.get(request.args.get("done", "")) if upload["at_work"] else None
        return rendering.respond(
            request,
            "bulk/upload.html",
            status=answers.STATUS[type(refusal)] if refusal else 200,
            upload=upload,
            template_name=bulk.TEMPLATES.get(upload["template"], ""),
            state=bulk.STATES.get(upload["state"], ""),
            tag=TAGS.get(upload["state"], "yellow"),
            modes=_modes(upload),
            modes_help=MODES_HELP,
            values={
                "mode": request.form.get("mode")
                or (bulk.VALID_ROWS if _has_faults(upload) else bulk.ALL_OR_NOTHING)
            },
            pages=paging.of(upload, f"{PATH}/{upload_id}", {}, page=page, fragment="#changes"),
            notice=notice,
            errors=refusal.fields if refusal else {},
            message=refusal.message if refusal else None,
        )


def _modes(upload: dict[str, Any]) -> dict[str, str]:
    """Return what may be chosen: not everything can be saved while something in it is wrong."""
    return {
        mode: text
        for mode, text in bulk.MODES.items()
        if mode != bulk.ALL_OR_NOTHING or not _has_faults(upload)
    }


def _has_faults(upload: dict[str, Any]) -> bool:
    return bool(upload["counts"].get("faulty"))


def _file(content: str, kind: str, *, name: str) -> http.Page:
    page = http.Page(base64.b64decode(content), content_type=CONTENT_TYPES[kind])
    page.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    page.headers["Cache-Control"] = "no-store"
    return page
