"""The notifications service that hardly ever looks for mails: what it sends at once, it was told of."""

from __future__ import annotations

from services.notifications import service

service.LOOK_SECONDS = 600.0

Notifications = service.Notifications
