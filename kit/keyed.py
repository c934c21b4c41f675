"""A mapping in what callers send; faults are named by its keys: ``capabilities.tracheostomy.nursing``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields


class Keyed(fields.Dict):
    """Values of one kind by keys of one kind."""

    def _deserialize(self, *given: Any, **context: Any) -> Any:
        try:
            return super()._deserialize(*given, **context)
        except ValidationError as fault:
            if not isinstance(fault.messages, Mapping):
                raise
            raise ValidationError(
                {key: _of_one(wrong) for key, wrong in fault.messages.items()}, valid_data=fault.valid_data
            ) from fault


def _of_one(wrong: Mapping[str, Any]) -> Any:
    """Return what is wrong with a key and its value, without the step that says which of the two it is."""
    key, value = wrong.get("key", []), wrong.get("value", [])
    return {**value, "_schema": key} if key and isinstance(value, Mapping) else value or key
