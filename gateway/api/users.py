"""Look after people's accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes, versions

if TYPE_CHECKING:
    from kit import rpc

TAG = "Users"


class Users:
    """Calls about the accounts that one may look after."""

    identity: rpc.Client

    @http.api(
        "GET",
        "/api/v1/users",
        query=schemas.UserQuery,
        answer=shapes.Users,
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def list_users(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List the users that one may look after."""
        return self.identity.users(**query)

    @http.api(
        "GET",
        "/api/v1/users/<id:user_id>",
        answer=shapes.User,
        refusals=(404,),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def get_user(self, request: http.Request, *, user_id: str) -> Any:
        """Show a user, with what one may do."""
        user = self.identity.user(user_id=user_id)
        return 200, user, versions.etag(user)

    @http.api(
        "PATCH",
        "/api/v1/users/<id:user_id>",
        body=schemas.UserChanges,
        answer=shapes.User,
        refusals=(404, 409, 412),
        parameters=(versions.REQUIRED,),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def change_user(self, request: http.Request, *, user_id: str, body: dict[str, Any]) -> Any:
        """Change a user; what is left out stays. A 412 names what somebody else changed meanwhile."""
        user = self.identity.change_user(user_id=user_id, version=versions.required(request), changes=body)
        return 200, user, versions.etag(user)

    @http.api(
        "PUT",
        "/api/v1/users/<id:user_id>/roles",
        body=schemas.Roles,
        answer=shapes.User,
        refusals=(404, 409, 412),
        parameters=(versions.REQUIRED,),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def set_user_roles(self, request: http.Request, *, user_id: str, body: dict[str, Any]) -> Any:
        """Say which roles a user has. All but Approver are granted and withdrawn by administrators only."""
        user = self.identity.set_roles(user_id=user_id, version=versions.required(request), **body)
        return 200, user, versions.etag(user)

    @http.api(
        "POST",
        "/api/v1/users/<id:user_id>/deactivate",
        body=schemas.Reason,
        answer=shapes.Account,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def deactivate_user(self, request: http.Request, *, user_id: str, body: dict[str, Any]) -> Any:
        """Close a leaver's account; every session ends at once."""
        return self.identity.deactivate_user(user_id=user_id, **body)

    @http.api(
        "POST",
        "/api/v1/users/<id:user_id>/reactivate",
        body=schemas.Reason,
        answer=shapes.Account,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def reactivate_user(self, request: http.Request, *, user_id: str, body: dict[str, Any]) -> Any:
        """Open an account that was deactivated; the person gets a mail with new login details."""
        return self.identity.reactivate_user(user_id=user_id, **body)

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

    @http.api(
        "DELETE",
        "/api/v1/users/<id:user_id>/sessions",
        status=204,
        refusals=(404,),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def end_user_sessions(self, request: http.Request, *, user_id: str) -> Any:
        """Sign somebody out on every device."""
        self.identity.end_sessions(user_id=user_id)

    @http.api(
        "DELETE",
        "/api/v1/users/<id:user_id>/second-factor",
        status=204,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.MANAGE_USERS,
    )
    def remove_user_second_factor(self, request: http.Request, *, user_id: str) -> Any:
        """Remove the second factor of somebody who has lost it."""
        self.identity.remove_second_factor(user_id=user_id)
