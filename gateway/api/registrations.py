"""Register, and decide about registrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc

TAG = "Registration"


class Registrations:
    """Calls by which people come in."""

    identity: rpc.Client

    @http.api(
        "POST",
        "/api/v1/registrations",
        body=schemas.Registration,
        answer=shapes.Registered,
        status=201,
        refusals=(429,),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def register(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Register for an account.

        The answer is the same for an address that is registered already; its owner gets a mail that says
        what to do.
        """
        return self.identity.register(form=body)

    @http.api(
        "GET",
        "/api/v1/organisations",
        query=schemas.OrganisationQuery,
        answer=shapes.Organisations,
        refusals=(404, 429),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def find_organisations(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """Find organisations and their providers, by postcode or by name, to register with."""
        return self.identity.find_organisations(**query)

    @http.api(
        "GET",
        "/api/v1/registrations",
        query=schemas.RegistrationQuery,
        answer=shapes.Registrations,
        tag=TAG,
        may=permissions.APPROVE_USERS,
    )
    def list_registrations(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List the registrations that one may decide about."""
        return self.identity.registrations(**query)

    @http.api(
        "GET",
        "/api/v1/registrations/<id:registration_id>",
        answer=shapes.RegistrationRow,
        refusals=(404,),
        tag=TAG,
        may=permissions.APPROVE_USERS,
    )
    def get_registration(self, request: http.Request, *, registration_id: str) -> Any:
        """Show one registration that one may decide about."""
        return self.identity.registration(registration_id=registration_id)

    @http.api(
        "POST",
        "/api/v1/registrations/<id:registration_id>/approve",
        query=schemas.Approval,
        answer=shapes.Account,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.APPROVE_USERS,
    )
    def approve_registration(
        self, request: http.Request, *, registration_id: str, query: dict[str, Any]
    ) -> Any:
        """Approve a registration; the applicant gets a mail with a temporary password.

        Administrators name the organisation of somebody whose own is on no list.
        """
        return self.identity.approve_registration(registration_id=registration_id, **query)

    @http.api(
        "POST",
        "/api/v1/registrations/<id:registration_id>/reject",
        body=schemas.Rejection,
        answer=shapes.Account,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.APPROVE_USERS,
    )
    def reject_registration(
        self, request: http.Request, *, registration_id: str, body: dict[str, Any]
    ) -> Any:
        """Reject a registration; the applicant gets a mail with the reason."""
        return self.identity.reject_registration(registration_id=registration_id, **body)

    @http.api(
        "POST",
        "/api/v1/registrations/decisions",
        body=schemas.Decisions,
        answer=shapes.Outcomes,
        tag=TAG,
        may=permissions.APPROVE_USERS,
    )
    def decide_registrations(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Approve or reject several registrations, each by itself; the answer tells of each."""
        return self.identity.decide_registrations(**body)
