"""What identity answers about people, organisations and the audit trail."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import ids
from tests.gateway.conftest import PROVIDER_ID, actor

USER_ID, ORGANISATION_ID = ids.new(), ids.new()
ADMINISTRATOR = actor(
    full_name="Ada Administrator",
    organisation_type="other",
    roles=frozenset({permissions.ADMINISTRATOR}),
)
PAGE = {"total": 1, "page": 1, "page_size": 20}
ROW: dict[str, Any] = {
    "id": USER_ID,
    "full_name": "Lee Park",
    "email": "lee@cranberry.example",
    "job_title": "Nurse",
    "organisation_id": ORGANISATION_ID,
    "organisation_name": "Cranberry Care",
    "organisation_type": "care_home",
    "roles": ["approver"],
    "status": "active",
    "last_signed_in_at": None,
    "idle": False,
    "locked": False,
    "generic": False,
    "second_factor": False,
    "must_change_password": False,
}
SITE = {"id": PROVIDER_ID, "name": "Willow House", "postcode": "DH1 4AA"}
USER: dict[str, Any] = {
    **ROW,
    "phone": "0191 496 0123",
    "provider_ids": [],
    "providers": [],
    "organisation_providers": [SITE],
    "version": 4,
    "submitted_at": "2026-03-01T07:05:00+00:00",
    "decided_at": "2026-03-02T07:05:00+00:00",
    "decided_by": "Ann Approver",
    "password_changed_at": "2026-03-03T07:05:00+00:00",
    "sessions": 2,
    "deactivated_at": None,
    "deactivation_reason": None,
    "wants_search": False,
    "accepts_communications": True,
    "may": [],
}
ENTRY: dict[str, Any] = {
    "id": 77,
    "at": "2026-03-01T07:05:00+00:00",
    "action": "user changed",
    "by_id": ids.new(),
    "by_name": "Ann Approver",
    "by_generic": True,
    "channel": "web",
    "address": "192.0.2.7",
    "subject_type": "user",
    "subject_id": USER_ID,
    "subject_name": "Lee Park",
    "organisation_id": ORGANISATION_ID,
    "organisation_name": "Cranberry Care",
    "before": {"job_title": "Carer", "generic": False},
    "after": {"job_title": "Nurse", "generic": True},
}
ORGANISATION: dict[str, Any] = {"id": ORGANISATION_ID, "name": "Cranberry Care", "type": "care_home"}


def listed(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a page of a list."""
    return {**PAGE, "total": len(rows), "results": list(rows), **more}
