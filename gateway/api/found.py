"""How often a provider was found, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from contracts import permissions
from gateway import http
from gateway.api import shapes
from gateway.api.fields import Id

if TYPE_CHECKING:
    from kit import rpc

MOST_DAYS = 366


class FoundQuery(Schema):
    """Over how many days to count."""

    days = fields.Integer(
        load_default=28,
        validate=validate.Range(1, MOST_DAYS, error=f"Enter a number of days, from 1 to {MOST_DAYS}."),
        metadata={"description": "Today and so many days before it."},
    )


class Shown(shapes.Answer):
    """How often a provider was shown on a day."""

    day = shapes.always(fields.String, format="date", example="2026-11-22")
    shown = shapes.always(fields.Integer, description="On pages of results.")


class WhyNot(shapes.Answer):
    """What keeps a provider from being found by some searches."""

    reason = shapes.always(
        fields.String,
        description="`inactive`, `not_listed`, `not_placed`, `not_offered`, `no_vacancy`, `stale`, `embargo`,"
        " `weekends`, `short_stay`, or the criterion that it does not meet.",
        example="no_vacancy",
    )
    about = shapes.maybe(
        fields.String,
        description="The bed type, language … that was asked for; `other` is a word that nobody offers.",
        example="dementia_nursing",
    )
    searches = shapes.always(
        fields.Integer, description="Searches of which this is the foremost reason; each counts once."
    )
    alone = shapes.always(fields.Integer, description="How many of them nothing else kept from finding it.")


class FoundAnswer(shapes.Answer):
    """How often a provider was found, and why not, as it stands now."""

    provider_id = Id(required=True)
    name = shapes.always(fields.String)
    since = shapes.always(fields.String, format="date")
    until = shapes.always(fields.String, format="date")
    shown = shapes.always(fields.Integer, description="How often it stood on a page of results.")
    days = shapes.many(Shown)
    near_miles = shapes.always(fields.Integer, description="What counts as near, in miles.", example=10)
    searches = shapes.always(
        fields.Integer,
        description="Searches near it, or in its council, sub-ICB or ICB, for its kind of provider.",
    )
    fits = shapes.always(fields.Integer, description="How many of them would find it as it stands now.")
    with_words = shapes.always(
        fields.Integer,
        description="How many asked for words of notes. Words are not recorded, so they are not looked at.",
    )
    all_counted = shapes.always(
        fields.Boolean, description="False where only the newest and commonest searches were looked at."
    )
    state = shapes.many_texts(description="What keeps it from every search.", example=["not_listed"])
    reasons = shapes.many(WhyNot)


class HowFound:
    """Calls about how a provider was found."""

    search: rpc.Client

    @http.api(
        "GET",
        "/api/v1/providers/<id:provider_id>/found",
        query=FoundQuery,
        answer=FoundAnswer,
        refusals=(404,),
        tag="Providers",
        may=permissions.VIEW_PROVIDER,
    )
    def show_how_found(self, request: http.Request, *, provider_id: str, query: dict[str, Any]) -> Any:
        """Tell how often searches showed a provider in the last days, and why others did not."""
        return self.search.how_found(provider_id=provider_id, **query)
