"""The pages for updates by file (B12)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from contracts import bulk, errors
from kit import ids
from tests.gateway.browsing import MANAGER, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front

UPLOAD_ID = ids.new()
PATH = f"/bulk/{UPLOAD_ID}"
COUNTS = {"providers": 60, "changed": 56, "confirmed": 1, "unchanged": 0, "faulty": 3, "faults": 3}
UPLOAD: dict[str, Any] = {
    "id": UPLOAD_ID,
    "template": "care_home",
    "file_name": "homes.xlsx",
    "state": bulk.CHECKED,
    "at_work": False,
    "problem": None,
    "mode": None,
    "counts": COUNTS | {"questions": 0},
    "done": 0,
    "of": 0,
    "cancelling": False,
    "created_at": "2026-03-01T07:05:00+00:00",
    "checked_at": None,
    "applied_at": None,
    "undone_at": None,
    "may_undo": False,
    "faults": [
        {
            "provider_id": PROVIDER_ID,
            "name": "Harbour <View>",
            "sheet": "Capacities",
            "row": 17,
            "column": "G",
            "heading": "Occupied",
            "what": "Enter a whole number from 0 to 2,000, not 3.5.",
        }
    ],
    "questions": [],
    "kept": [],
    "total": 1,
    "page": 1,
    "page_size": 50,
    "results": [
        {
            "provider_id": PROVIDER_ID,
            "name": "Quay House",
            "outcome": "ready",
            "changes": [
                {
                    "sheet": "Capacities",
                    "row": 4,
                    "key": "occupied",
                    "heading": "Occupied",
                    "of": "General Nursing",
                    "was": "8",
                    "becomes": "9",
                }
            ],
        }
    ],
}


@pytest.fixture
def manager(front: Front) -> Visitor:
    front.providers.bulk_uploads.return_value = {"results": [UPLOAD]}
    front.providers.bulk_upload.return_value = UPLOAD
    return Visitor(front).signed_in(MANAGER)


class TestSending:
    def send(self, manager: Visitor, content: bytes, **fields: Any) -> Any:
        form = manager.form(manager.get("/bulk"), "/bulk/upload")
        values = {"template": "care_home", "declarations": list(bulk.DECLARATIONS)} | fields
        data = [pair for pair in form.filled(**values) if pair[0] != "file"]
        return manager.front.call("POST", "/bulk/upload", data=data, files={"file": ("homes.xlsx", content)})

    def test_b12_takes_a_file_with_its_three_declarations(self, manager: Visitor) -> None:
        manager.front.providers.upload_bulk.return_value = UPLOAD
        answer = self.send(manager, b"PK a workbook")
        assert answer.headers["Location"] == f"{PATH}?done=sent"
        manager.front.providers.upload_bulk.assert_called_once_with(
            template="care_home",
            file_name="homes.xlsx",
            content=base64.b64encode(b"PK a workbook").decode(),
            declarations=list(bulk.DECLARATIONS),
        )

    def test_b12_shows_the_three_declarations_and_the_templates(self, manager: Visitor) -> None:
        page = manager.get("/bulk").text
        for words in bulk.DECLARATIONS.values():
            assert words in page
        for code in bulk.TEMPLATES:
            assert f'href="/bulk/template/{code}.xlsx"' in page

    def test_b12_keeps_what_was_chosen_when_something_is_missing(self, manager: Visitor) -> None:
        refusal = errors.Invalid(
            "The file was not taken.", {"declarations": "Confirm each.", "file": "Choose."}
        )
        manager.front.providers.upload_bulk.side_effect = refusal
        answer = self.send(manager, b"", declarations=["current"])
        assert answer.status_code == 400
        assert "Confirm each." in answer.text
        assert 'value="current" checked' in " ".join(answer.text.split())

    def test_b12_takes_files_of_10_mb_and_here_alone(self, manager: Visitor) -> None:
        manager.front.providers.upload_bulk.return_value = UPLOAD
        assert self.send(manager, bytes(bulk.LARGEST_FILE)).status_code == 303
        assert self.send(manager, bytes(bulk.LARGEST_FILE + 100_000)).status_code == 413
        answer = manager.front.call("POST", f"{PATH}/apply", data={"mode": "x" * 300_000})
        assert answer.status_code == 413


class TestFiles:
    @pytest.mark.parametrize("kind", ["xlsx", "csv"])
    def test_b12_gives_a_template(self, manager: Visitor, kind: str) -> None:
        made = {"content": base64.b64encode(b"a file").decode()}
        manager.front.providers.bulk_template.return_value = made
        answer = manager.get(f"/bulk/template/care_home.{kind}")
        assert answer.content == b"a file"
        assert f'.{kind}"' in answer.headers["Content-Disposition"]
        manager.front.providers.bulk_template.assert_called_once_with(template="care_home", format=kind)

    @pytest.mark.parametrize("name", ["nothing.xlsx", "care_home.exe"])
    def test_b12_there_are_no_other_templates(self, manager: Visitor, name: str) -> None:
        assert manager.get(f"/bulk/template/{name}").status_code == 404

    def test_b12_gives_the_faults_as_a_workbook(self, manager: Visitor) -> None:
        made = {"content": base64.b64encode(b"a file").decode()}
        manager.front.providers.bulk_faults.return_value = made
        assert manager.get(f"{PATH}/errors.xlsx").content == b"a file"


class TestState:
    def test_b12_shows_faults_by_sheet_row_and_column_and_what_would_change(self, manager: Visitor) -> None:
        answer = manager.get(PATH)
        words = words_of(answer.text)
        assert "Capacities 17 G Occupied Harbour &lt;View&gt; Enter a whole number" in words
        assert "Quay House 4 General Nursing: Occupied 8 9" in words
        assert "Save 57 providers" in words

    def test_b12_offers_only_the_rows_without_faults_where_there_are_faults(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        assert 'value="all_or_nothing"' not in page.text
        manager.front.providers.apply_bulk.return_value = UPLOAD
        answer = manager.press(page, f"{PATH}/apply")
        assert answer.headers["Location"] == f"{PATH}?done=apply"
        manager.front.providers.apply_bulk.assert_called_once_with(
            upload_id=UPLOAD_ID, mode=bulk.VALID_ROWS, confirmed=False
        )

    def test_b12_asks_once_about_figures_that_may_be_mistakes(self, manager: Visitor) -> None:
        asked = {"provider_id": PROVIDER_ID, "name": "Quay House", "asked": ["occupied goes from 8 to 20."]}
        manager.front.providers.bulk_upload.return_value = UPLOAD | {"questions": [asked]}
        refusal = errors.Conflict("Are you sure? Nothing was saved yet.", {"confirmed": "Say so."})
        manager.front.providers.apply_bulk.side_effect = refusal
        page = manager.get(PATH)
        assert "occupied goes from 8 to 20." in page.text
        answer = manager.press(page, f"{PATH}/apply")
        assert answer.status_code == 409
        assert "Say so." in answer.text
        manager.press(page, f"{PATH}/apply", confirmed="yes")
        assert manager.front.providers.apply_bulk.call_args.kwargs["confirmed"] is True

    def test_b12_shows_how_far_it_is_and_looks_again_by_itself(self, manager: Visitor) -> None:
        manager.front.providers.bulk_upload.return_value = UPLOAD | {
            "state": bulk.APPLYING,
            "at_work": True,
            "done": 1200,
            "of": 5000,
        }
        page = manager.get(PATH, done="apply")
        assert "1,200 of 5,000 providers" in words_of(page.text)
        assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.text
        assert "The changes are being saved." in page.text
        manager.front.providers.cancel_bulk.return_value = UPLOAD
        assert manager.press(page, f"{PATH}/cancel").headers["Location"] == f"{PATH}?done=cancel"

    def test_b12_undoes_with_one_press(self, manager: Visitor) -> None:
        manager.front.providers.bulk_upload.return_value = UPLOAD | {
            "state": bulk.APPLIED,
            "may_undo": True,
            "applied_at": "2026-03-01T07:10:00+00:00",
            "kept": [{"provider_id": PROVIDER_ID, "name": "Quay House", "why": "Cora changed it."}],
        }
        page = manager.get(PATH)
        assert "Cora changed it." in page.text
        assert f"{PATH}/apply" not in page.text
        manager.front.providers.undo_bulk.return_value = UPLOAD
        assert manager.press(page, f"{PATH}/undo").headers["Location"] == f"{PATH}?done=undo"

    @pytest.mark.parametrize("what", ["apply", "cancel", "undo"])
    def test_b12_leads_back_who_only_looks_at_where_a_form_goes(self, manager: Visitor, what: str) -> None:
        assert manager.get(f"{PATH}/{what}").headers["Location"] == PATH


class TestApi:
    def test_b12_takes_a_file_in_base64(self, front: Front) -> None:
        front.sign_in(MANAGER)
        front.providers.upload_bulk.return_value = UPLOAD
        body = {
            "template": "contacts",
            "content": base64.b64encode(bytes(bulk.LARGEST_FILE)).decode(),
            "declarations": list(bulk.DECLARATIONS),
        }
        answer = front.api("POST", "/bulk-uploads", json=body)
        assert (answer.status_code, answer.json()["id"]) == (202, UPLOAD_ID)
        front.providers.upload_bulk.assert_called_once_with(file_name="file.xlsx", **body)

    def test_b12_shows_applies_cancels_and_undoes(self, front: Front) -> None:
        front.sign_in(MANAGER)
        for method in ("bulk_upload", "apply_bulk", "cancel_bulk", "undo_bulk"):
            getattr(front.providers, method).return_value = UPLOAD
        address = f"/bulk-uploads/{UPLOAD_ID}"
        assert front.api("GET", address).json()["faults"][0]["row"] == 17
        assert front.api("POST", f"{address}/apply", json={"mode": "valid_rows"}).status_code == 202
        assert front.api("POST", f"{address}/cancel").status_code == 202
        assert front.api("POST", f"{address}/undo").status_code == 202
        front.providers.apply_bulk.assert_called_once_with(
            upload_id=UPLOAD_ID, mode="valid_rows", confirmed=False
        )
