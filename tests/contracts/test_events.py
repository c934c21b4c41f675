"""The shape of every event, as one golden message each that publishers and consumers are held to."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from contracts import events

GOLDEN = Path(__file__).parent / "golden"


class TestEvents:
    def test_have_a_golden_message_each(self) -> None:
        assert {path.stem for path in GOLDEN.glob("*.json")} == set(events.EVENTS)

    @pytest.mark.parametrize("name", events.EVENTS)
    def test_are_what_their_golden_message_says(self, name: str) -> None:
        body = json.loads((GOLDEN / f"{name}.json").read_text())
        event = events.EVENTS[name].from_dict(body)
        assert event.to_dict() == body
        assert event.aggregate_id

    @pytest.mark.parametrize("name", events.EVENTS)
    def test_may_gain_a_field_that_older_consumers_ignore(self, name: str) -> None:
        body = json.loads((GOLDEN / f"{name}.json").read_text())
        assert events.EVENTS[name].from_dict(body | {"added_later": 1}).to_dict() == body

    @pytest.mark.parametrize("name", [name for name in events.EVENTS if "provider" not in name])
    def test_carry_ids_instead_of_personal_data_and_no_secret(self, name: str) -> None:
        fields = {field.name for field in dataclasses.fields(events.EVENTS[name])}
        assert not fields & {"email", "full_name", "phone", "address", "password", "token", "code", "secret"}

    def test_tell_every_kind_of_change_to_signing_in(self) -> None:
        body = json.loads((GOLDEN / "credentials_changed.json").read_text())
        assert body["change"] in events.CredentialsChanged.CHANGES

    def test_name_every_key_of_the_snapshot(self) -> None:
        body = json.loads((GOLDEN / "provider_changed.json").read_text())
        assert set(body["provider"]) == set(events.ProviderSnapshot.__annotations__)
        assert set(body["provider"]["bed_types"][0]) == set(events.BedFigures.__annotations__)
