"""Notes, alerts, deactivation, the reminder switch and the chart of what was declared (B3, B8, B15)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors, permissions
from gateway.web import history_chart
from kit import ids
from tests.gateway.browsing import CAPACITY, MANAGER, PROVIDER, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front, actor

PATH = f"/providers/{PROVIDER_ID}"
NOTE: dict[str, Any] = {
    "id": ids.new(),
    "text": "No pets.",
    "written_at": "2026-03-01T07:05:00+00:00",
    "by": "Mel Manager",
    "edited_at": None,
    "edited_by": None,
}
ALERT: dict[str, Any] = {
    "id": ids.new(),
    "kind": "outbreak",
    "text": "Norovirus on the first floor.",
    "starts_on": "2026-03-01",
    "ends_on": None,
    "set_at": "2026-03-01T07:05:00+00:00",
    "set_by": "Wanda Watcher",
}
ALL = [permissions.EDIT_PROVIDER, permissions.SET_ALERTS, permissions.DEACTIVATE_PROVIDER]
WATCHER = actor(organisation_type="local_authority", roles=frozenset({permissions.MANAGE_ALERTS}))
BROKER = actor(organisation_type="local_authority", roles=frozenset({permissions.BROKER}))


def visitor(front: Front, person: permissions.Actor = MANAGER, **changes: Any) -> Visitor:
    defaults: dict[str, Any] = {"may": ALL, "notes": [NOTE], "alerts": [ALERT]}
    front.providers.get_provider.return_value = PROVIDER | defaults | changes
    front.providers.get_capacity.return_value = CAPACITY
    front.providers.history.return_value = {"total": 0, "page": 1, "page_size": 20, "results": []}
    return Visitor(front).signed_in(person)


class TestNotes:
    def test_b3_are_shown_with_date_and_author_to_those_who_edit(self, front: Front) -> None:
        words = words_of(visitor(front).get(PATH).text)
        assert "No pets." in words
        assert "1 March 2026 at 7:05am by Mel Manager" in words

    def test_b3_are_shown_without_author_to_those_who_look(self, front: Front) -> None:
        text = visitor(front, BROKER, may=[]).get(PATH).text
        assert "No pets." in text
        assert "by Mel Manager" not in words_of(text).partition("Notes")[2]
        assert f"{PATH}/notes/new" not in text

    def test_b3_are_written(self, front: Front) -> None:
        manager = visitor(front)
        answer = manager.press(manager.get(f"{PATH}/notes/new"), f"{PATH}/notes/new", text="A hoist.")
        front.providers.add_note.assert_called_once_with(provider_id=PROVIDER_ID, text="A hoist.")
        assert answer.headers["Location"] == f"{PATH}?done=note_added#notes"

    def test_b3_keep_what_was_typed_when_it_is_refused(self, front: Front) -> None:
        manager = visitor(front)
        front.providers.add_note.side_effect = errors.Invalid("Too long.", {"text": "Write at most 1000."})
        answer = manager.press(manager.get(f"{PATH}/notes/new"), f"{PATH}/notes/new", text="Much.")
        assert answer.status_code == 400
        assert "Write at most 1000." in answer.text
        assert "Much." in answer.text

    def test_b10_show_what_somebody_else_made_of_it_and_let_one_save_over_that(self, front: Front) -> None:
        manager = visitor(front)
        path = f"{PATH}/notes/{NOTE['id']}"
        form = manager.get(path)
        front.providers.get_provider.return_value |= {"notes": [NOTE | {"text": "Small pets."}]}
        front.providers.edit_note.side_effect = errors.Stale(
            "Fen changed it.", {"text": "is now “Small pets.”"}
        )
        refused = manager.press(form, path, text="Big pets.")
        assert front.providers.edit_note.call_args.kwargs["was"] == "No pets."
        assert refused.status_code == 412
        assert "is now “Small pets.”" in refused.text
        front.providers.edit_note.side_effect = None
        assert manager.press(refused, path).status_code == 303
        assert front.providers.edit_note.call_args.kwargs == {
            "provider_id": PROVIDER_ID,
            "note_id": NOTE["id"],
            "text": "Big pets.",
            "was": "Small pets.",
        }

    def test_b3_are_deleted_after_a_question(self, front: Front) -> None:
        manager = visitor(front)
        path = f"{PATH}/notes/{NOTE['id']}/delete"
        page = manager.get(path)
        front.providers.delete_note.assert_not_called()
        assert "No pets." in page.text
        assert manager.press(page, path).status_code == 303
        front.providers.delete_note.assert_called_once_with(
            provider_id=PROVIDER_ID, note_id=NOTE["id"], was="No pets."
        )

    def test_b10_are_not_deleted_when_somebody_rewrote_them(self, front: Front) -> None:
        manager = visitor(front)
        path = f"{PATH}/notes/{NOTE['id']}/delete"
        front.providers.delete_note.side_effect = errors.Stale("Fen changed it.", {"text": "is now “Dogs.”"})
        answer = manager.press(manager.get(path), path)
        assert answer.status_code == 412
        assert "is now “Dogs.”" in answer.text

    def test_b10_keep_what_was_typed_when_the_note_is_gone(self, front: Front) -> None:
        manager = visitor(front)
        path = f"{PATH}/notes/{NOTE['id']}"
        form = manager.get(path)
        front.providers.get_provider.return_value |= {"notes": []}
        answer = manager.press(form, path, text="Typed with care.")
        assert answer.status_code == 404
        assert "Typed with care." in answer.text
        assert manager.press(answer, f"{PATH}/notes/new").status_code == 303
        front.providers.add_note.assert_called_once_with(provider_id=PROVIDER_ID, text="Typed with care.")

    def test_b3_say_when_one_is_gone(self, front: Front) -> None:
        page = visitor(front).get(f"{PATH}/notes/{ids.new()}")
        assert page.status_code == 404
        assert "somebody may have deleted it" in page.text


class TestAlerts:
    def test_b15_are_shown_until_they_are_over(self, front: Front) -> None:
        over = ALERT | {"text": "Long ago.", "ends_on": "2026-03-02"}
        text = visitor(front, BROKER, alerts=[ALERT, over]).get(PATH).text
        assert "Outbreak since 1 March 2026" in words_of(text)
        assert "Norovirus on the first floor." in text
        assert "Long ago." not in text

    def test_b15_are_set(self, front: Front) -> None:
        watcher = visitor(front, WATCHER)
        path = f"{PATH}/alerts/new"
        page = watcher.get(path)
        values = {"kind": "embargo", "text": "Ask first.", "starts_on": "2026-03-01", "ends_on": ""}
        assert watcher.press(page, path, **values).status_code == 303
        front.providers.set_alert.assert_called_once_with(
            provider_id=PROVIDER_ID,
            kind="embargo",
            text="Ask first.",
            starts_on="2026-03-01",
            ends_on=None,
        )

    def test_b15_name_every_field_that_is_wrong(self, front: Front) -> None:
        watcher = visitor(front, WATCHER)
        front.providers.set_alert.side_effect = errors.Invalid(
            "Correct it.", {"kind": "Choose a kind.", "ends_on": "It cannot end before it starts."}
        )
        answer = watcher.press(watcher.get(f"{PATH}/alerts/new"), f"{PATH}/alerts/new", text="Kept.")
        assert answer.status_code == 400
        for words in ("Choose a kind.", "It cannot end before it starts.", "Kept."):
            assert words in answer.text

    def test_b15_are_ended(self, front: Front) -> None:
        watcher = visitor(front, WATCHER)
        path = f"{PATH}/alerts/{ALERT['id']}/end"
        assert watcher.press(watcher.get(path), path, ends_on="2026-03-09").status_code == 303
        front.providers.end_alert.assert_called_once_with(
            provider_id=PROVIDER_ID, alert_id=ALERT["id"], ends_on="2026-03-09", was={"ends_on": None}
        )

    def test_b15_are_for_those_who_manage_them_there(self, front: Front) -> None:
        assert visitor(front, WATCHER, may=[]).get(f"{PATH}/alerts/new").status_code == 403


class TestDeactivation:
    def test_b15_asks_why(self, front: Front) -> None:
        broker = visitor(front, BROKER)
        path = f"{PATH}/deactivation"
        assert broker.press(broker.get(path), path, reason="Closed.").status_code == 303
        front.providers.deactivate_provider.assert_called_once_with(
            provider_id=PROVIDER_ID, version=PROVIDER["version"], reason="Closed."
        )

    def test_b15_puts_one_back(self, front: Front) -> None:
        broker = visitor(front, BROKER, active=False, deactivated_reason="Closed.")
        path = f"{PATH}/deactivation"
        page = broker.get(path)
        assert "It was deactivated because: Closed." in page.text
        assert broker.press(page, path).status_code == 303
        front.providers.reactivate_provider.assert_called_once_with(
            provider_id=PROVIDER_ID, version=PROVIDER["version"]
        )

    def test_b10_says_what_changed_meanwhile(self, front: Front) -> None:
        broker = visitor(front, BROKER)
        path = f"{PATH}/deactivation"
        page = broker.get(path)
        front.providers.deactivate_provider.side_effect = errors.Stale(
            "Mel changed it 1 minute ago.", {"town": "is Seaham"}
        )
        answer = broker.press(page, path, reason="Closed.")
        assert answer.status_code == 412
        assert "Mel changed it 1 minute ago." in answer.text
        assert "is Seaham" in answer.text

    def test_b15_is_for_those_who_may_there(self, front: Front) -> None:
        assert visitor(front, BROKER, may=[]).get(f"{PATH}/deactivation").status_code == 403


class TestReminder:
    @pytest.mark.parametrize(("to", "switched"), [("on", True), ("off", False)])
    def test_b1_is_switched_at_one_press(self, front: Front, to: str, switched: bool) -> None:
        manager = visitor(front, may=[*ALL, permissions.SWITCH_REMINDER], weekly_reminder=not switched)
        page = manager.get(PATH)
        assert manager.press(page, f"{PATH}/reminder").status_code == 303
        front.providers.change_provider.assert_called_once_with(
            provider_id=PROVIDER_ID, changes={"weekly_reminder": switched}
        )
        assert f'value="{to}"' in page.text


class TestHistoryChart:
    def test_b8_draws_steps_that_stay_until_the_next_declaration(self) -> None:
        chart = history_chart.of(
            [
                _declared("2026-03-03", maximum=20, accepting=5),
                _declared("2026-03-02", maximum=20, accepting=10),
                _declared("2026-03-01", maximum=10, accepting=0),
            ]
        )
        assert chart is not None
        assert chart.accepting == "M0.0 160.0H320.0V84.0H640.0V122.0"
        assert chart.maximum == "M0.0 84.0H320.0V8.0H640.0V8.0"
        assert (chart.highest, "vacancies from 0 to 5, over 3 declarations" in chart.words) == (20, True)

    def test_b8_draws_none_of_one_declaration(self) -> None:
        assert history_chart.of([]) is None
        assert history_chart.of([_declared("2026-03-01", maximum=10, accepting=0)]) is None

    def test_b8_is_shown_beside_the_table(self, front: Front) -> None:
        manager = visitor(front)
        rows = [
            _declared("2026-03-02", maximum=9, accepting=1),
            _declared("2026-03-01", maximum=9, accepting=0),
        ]
        front.providers.history.return_value = {"total": 2, "page": 1, "page_size": 20, "results": rows}
        text = manager.get(PATH).text
        assert "Maximum from 9 to 9, vacancies from 0 to 1, over 2 declarations." in text
        assert "General Residential: 1 of 9" in text


def _declared(on: str, *, maximum: int, accepting: int) -> dict[str, Any]:
    figures = {"bed_type": "general_residential", "maximum": maximum, "accepting": accepting}
    return {
        "declared_at": f"{on}T07:00:00+00:00",
        "by": "Mel Manager",
        "channel": "web",
        "kind": "saved",
        "figures": [figures],
    }
