"""A group of homes is updated with a workbook that has three faults (B12)."""

from __future__ import annotations

import base64
from typing import Any

from contracts import bulk
from tests.factories import api, stack, waiting
from tests.journeys import homes, people
from tests.providers import workbooks

GROUP = 8


class TestGroup:
    def test_b12_a_group_of_homes_is_updated_by_workbook_and_put_back(self, product: stack.Stack) -> None:
        caller = api.sign_in(product.url, homes.KEEPER)
        group = [homes.completed(caller, f"Meadow {number}") for number in range(GROUP)]
        names = [home["name"] for home in group]
        made = caller.get("/bulk-templates", template=bulk.CARE_HOME)
        book = workbooks.opened(base64.b64decode(made["content"]))
        for name in names:
            book.enter("Capacities", name, of="General Residential", occupied=17, accepting=2)
        book.enter("Capacities", names[1], of="General Residential", occupied="many")
        book.enter("Capacities", names[2], of="General Residential", accepting=5)
        book.enter("Capacities", names[3], of="General Residential", weekly_price_from=12)
        sent = self.ended(caller, self.sent(caller, book.as_xlsx()))
        assert sent["state"] == bulk.CHECKED
        assert sorted(fault["name"] for fault in sent["faults"]) == names[1:4]
        assert sent["counts"]["changed"] == GROUP - 3

        caller.post(f"/bulk-uploads/{sent['id']}/apply", {"mode": bulk.VALID_ROWS})
        saved = self.ended(caller, sent["id"])
        assert (saved["state"], saved["counts"]["applied"]) == (bulk.APPLIED, GROUP - 3)
        figures = caller.get(f"/providers/{group[0]['id']}/capacity")
        assert figures["vacancies"] == 6
        people.mail(product, to=homes.KEEPER, subject="Your bulk update is saved: homes.xlsx")

        caller.post(f"/bulk-uploads/{sent['id']}/undo")
        undone = self.ended(caller, sent["id"])
        assert (undone["state"], undone["counts"]["undone"]) == (bulk.UNDONE, GROUP - 3)
        assert caller.get(f"/providers/{group[0]['id']}/capacity")["vacancies"] == 8

    def test_b12_the_largest_file_travels_and_is_refused_in_words(self, product: stack.Stack) -> None:
        caller = api.sign_in(product.url, homes.KEEPER)
        large = self.ended(caller, self.sent(caller, b"a,b\r\n" * (bulk.LARGEST_FILE // 5)))
        assert large["state"] == bulk.REFUSED
        assert "lacks these columns" in large["problem"]
        people.mail(product, to=homes.KEEPER, subject="Your bulk update was refused: homes.xlsx")

    def sent(self, caller: api.Api, content: bytes) -> str:
        body = {
            "template": bulk.CARE_HOME,
            "file_name": "homes.xlsx",
            "content": base64.b64encode(content).decode(),
            "declarations": list(bulk.DECLARATIONS),
        }
        return str(caller.post("/bulk-uploads", body)["id"])

    def ended(self, caller: api.Api, upload_id: str) -> dict[str, Any]:
        """Return an upload once nothing works on it."""

        def at_rest() -> dict[str, Any] | None:
            found: dict[str, Any] = caller.get(f"/bulk-uploads/{upload_id}")
            return None if found["at_work"] else found

        found = waiting.until(at_rest, what="the end of the work on the file", seconds=90)
        assert found is not None
        return found
