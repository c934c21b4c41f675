"""Updates by file for programs: template, dry run, save, undo (B12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from contracts import bulk, permissions
from gateway import http
from gateway.api.fields import Id, YesNo, code, codes, page, text
from gateway.api.shapes import Answer, always, many, maybe, time

if TYPE_CHECKING:
    from kit import rpc

TAG = "Bulk updates"
FILE_SECONDS = 65
MOST_BASE64 = 4 * -(-bulk.LARGEST_FILE // 3)
LARGEST_BODY = MOST_BASE64 + 64 * 1024
FORMATS = ("xlsx", "csv")


class TemplateQuery(Schema):
    """Which template, and as what."""

    template = code(bulk.TEMPLATES, required=True, example=bulk.CARE_HOME)
    format = code(FORMATS, load_default="xlsx")


class File(Answer):
    """A file in base64."""

    content = always(fields.String, format="byte")


class UploadForm(Schema):
    """A filled-in template, with the three declarations that people tick."""

    template = code(bulk.TEMPLATES, required=True, example=bulk.CARE_HOME)
    file_name = text(200, load_default="file.xlsx", example="homes.xlsx")
    content = fields.String(
        required=True,
        validate=validate.Length(max=MOST_BASE64),
        metadata={
            "description": "The file (.xlsx or .csv, at most 10 MB) in base64.",
            "format": "byte",
            "example": "UEsDBA==",
        },
    )
    declarations = codes(bulk.DECLARATIONS, required=True, example=list(bulk.DECLARATIONS))


class PageQuery(Schema):
    """Which page of the changes."""

    page = page()


class ApplyForm(Schema):
    """How to save what a dry run has shown."""

    mode = code(bulk.MODES, required=True, example=bulk.VALID_ROWS)
    confirmed = YesNo(
        load_default=False,
        metadata={"description": "That the figures under `questions` were looked at and are right."},
    )


class Upload(Answer):
    """How a file stands. While `at_work` is true it goes on by itself: ask again in a few seconds."""

    id = Id(required=True)
    template = code(bulk.TEMPLATES, required=True)
    file_name = always(fields.String)
    state = code(bulk.STATES, required=True)
    at_work = always(fields.Boolean)
    problem = maybe(fields.String, description="Why the whole file was refused, if it was.")
    counts = fields.Dict(required=True, metadata={"description": "Providers by what becomes of them."})
    done = always(fields.Integer)
    of = always(fields.Integer)
    created_at = always(fields.String, format="date-time")
    checked_at = time()
    applied_at = time()
    undone_at = time()
    may_undo = always(fields.Boolean)


class Uploads(Answer):
    """The newest files, newest first."""

    results = many(Upload)


class Fault(Answer):
    """What is wrong with a cell, and what to do."""

    provider_id = maybe(fields.String, format="uuid")
    name = always(fields.String)
    sheet = always(fields.String, example="Capacities")
    row = always(fields.Integer, example=17)
    column = always(fields.String, example="G")
    heading = always(fields.String, example="Occupied")
    what = always(fields.String)


class UploadDetails(Upload):
    """How a file stands, with up to 500 faults and a page of what it changes."""

    faults = many(Fault)
    questions = fields.List(fields.Dict(), required=True)
    kept = fields.List(fields.Dict(), required=True)
    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    results = fields.List(fields.Dict(), required=True)


class Bulk:
    """Calls about updates by file."""

    providers: rpc.Client

    @http.api(
        "GET",
        "/api/v1/bulk-templates",
        query=TemplateQuery,
        answer=File,
        refusals=(404,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def get_bulk_template(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """Make a template that holds one's own providers as they are now."""
        return self.providers.within(FILE_SECONDS).bulk_template(**query)

    @http.api(
        "POST",
        "/api/v1/bulk-uploads",
        body=UploadForm,
        answer=Upload,
        status=202,
        refusals=(409, 413),
        largest=LARGEST_BODY,
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def post_bulk_upload(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Send a filled-in template; it is checked in the background, and nothing is saved yet."""
        return self.providers.within(FILE_SECONDS).upload_bulk(**body)

    @http.api("GET", "/api/v1/bulk-uploads", answer=Uploads, tag=TAG, may=permissions.EDIT_PROVIDER)
    def get_bulk_uploads(self, request: http.Request) -> Any:
        """List the files that one has sent."""
        return self.providers.bulk_uploads()

    @http.api(
        "GET",
        "/api/v1/bulk-uploads/<id:upload_id>",
        query=PageQuery,
        answer=UploadDetails,
        refusals=(404,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def get_bulk_upload(self, request: http.Request, *, upload_id: str, query: dict[str, Any]) -> Any:
        """Show how a file stands, what is wrong with it and what it changes."""
        return self.providers.bulk_upload(upload_id=upload_id, **query)

    @http.api(
        "GET",
        "/api/v1/bulk-uploads/<id:upload_id>/errors",
        answer=File,
        refusals=(404,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def get_bulk_errors(self, request: http.Request, *, upload_id: str) -> Any:
        """Make a workbook of everything that is wrong, and of what became of each provider."""
        return self.providers.within(FILE_SECONDS).bulk_faults(upload_id=upload_id)

    @http.api(
        "POST",
        "/api/v1/bulk-uploads/<id:upload_id>/apply",
        body=ApplyForm,
        answer=Upload,
        status=202,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def apply_bulk_upload(self, request: http.Request, *, upload_id: str, body: dict[str, Any]) -> Any:
        """Save what the dry run has shown, in the background; a 409 says what stands in the way."""
        return self.providers.apply_bulk(upload_id=upload_id, **body)

    @http.api(
        "POST",
        "/api/v1/bulk-uploads/<id:upload_id>/cancel",
        answer=Upload,
        status=202,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def cancel_bulk_upload(self, request: http.Request, *, upload_id: str) -> Any:
        """Stop at the next step; what is saved by then stays saved."""
        return self.providers.cancel_bulk(upload_id=upload_id)

    @http.api(
        "POST",
        "/api/v1/bulk-uploads/<id:upload_id>/undo",
        answer=Upload,
        status=202,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def undo_bulk_upload(self, request: http.Request, *, upload_id: str) -> Any:
        """Declare the former figures again, within 24 hours, of what nobody has changed since."""
        return self.providers.undo_bulk(upload_id=upload_id)
