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
        answer=shapes.Account,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.APPROVE_USERS,
    )
    def approve_registration(self, request: http.Request, *, registration_id: str) -> Any:
        """Approve a registration; the applicant gets a mail with a temporary password."""
        return self.identity.approve_registration(registration_id=registration_id)

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
        "/api/v1/users/<id:user_id>/reset",
        answer=shapes.Account,
        refusals=(404, 409, 429),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def reset_user(self, request: http.Request, *, user_id: str) -> Any:
        """Send somebody new login details; the present password stops working and every session ends."""
        return self.identity.reset_password(user_id=user_id)

    @http.api(
        "POST",
        "/api/v1/users/<id:user_id>/unlock",
        answer=shapes.Account,
        refusals=(404,),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def unlock_user(self, request: http.Request, *, user_id: str) -> Any:
        """Open an account that five wrong passwords have locked; the password stays as it is."""
        return self.identity.unlock(user_id=user_id)
