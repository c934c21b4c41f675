"""Shapes of what the notifications service answers."""

from __future__ import annotations

from marshmallow import Schema, fields


class ActionState(Schema):
    """What the page behind a link in a mail needs to know."""

    purpose = fields.String()
    provider_id = fields.String()
    expires_at = fields.DateTime()


class MailSummary(Schema):
    """One mail as administrators see it: never its body."""

    id = fields.String()
    kind = fields.String()
    subject = fields.String()
    address = fields.String()
    state = fields.String()
    attempts = fields.Integer()
    problem = fields.String(allow_none=True)
    queued_at = fields.DateTime()
    done_at = fields.DateTime(allow_none=True)


action_state = ActionState()
mail_summaries = MailSummary(many=True)
