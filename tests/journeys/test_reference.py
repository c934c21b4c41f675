"""A bed type's life: an administrator adds it, a home declares it, a ward finds it, it goes (B4, B7)."""

from __future__ import annotations

from typing import Any

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes

ADMINISTRATOR, WARD = "admin@tracker.example", "ward@acute.example"
NAME = "Lighthouse Keepers’ Care"
CODE = "lighthouse_keepers_care"
TORQUAY = {"council_code": "E06000027"}


def offered(keeper: pages.Visitor, home: dict[str, Any]) -> list[str]:
    page = keeper.get(f"/providers/{home['id']}/services")
    return [box.attributes["value"] for box in page.root.all("input", name="bed_types")]


def test_b4_a_bed_type_comes_is_declared_is_found_and_goes(product: stack.Stack) -> None:
    administrator = pages.signed_in(product.url, ADMINISTRATOR)
    keeper, ward = pages.signed_in(product.url, homes.KEEPER), pages.signed_in(product.url, WARD)
    machine = api.sign_in(product.url, homes.KEEPER)
    first = homes.completed(machine, "Beacon Lodge", postcode="TQ1 2AA", **TORQUAY)
    second = homes.completed(machine, "Foghorn House", postcode="TQ1 2AB", **TORQUAY)

    page = administrator.get("/reference/bed_type/new")
    page = administrator.send(
        page,
        "Add it",
        {"label": NAME, "definition": "For those who kept the light.", "provider_types": ["care_home"]},
    )
    assert NAME in page.text
    # The form offers what exists; no home has such beds yet, but a link may ask for them.
    sought = f"/find?bed_type={CODE}"
    waiting.until(lambda: NAME in ward.get(sought).text, what="the new bed type to be known to every page")

    page = keeper.get(f"/providers/{first['id']}/services")
    assert "For those who kept the light." in page.text
    machine.put(f"/providers/{first['id']}/services", {"bed_types": [*homes.BED_TYPES, CODE]})
    homes.declare(machine, first["id"], dict.fromkeys([*homes.BED_TYPES, CODE], homes.FIGURES))

    def found() -> bool:
        return "Beacon Lodge" in ward.get(f"/find?postcode=TQ1&bed_type={CODE}").text

    waiting.until(found, what="the home to be found by its new bed type")
    assert NAME in ward.get(f"/find?postcode=TQ1&bed_type={CODE}").text

    page = administrator.get(f"/reference/bed_type/retirement?code={CODE}")
    assert "1 provider uses it today." in page.text
    page = administrator.send(page, "Retire it")
    assert "It is retired from that day on." in page.text

    assert CODE in offered(keeper, first)
    assert CODE not in offered(keeper, second)
    refused = machine.call(
        "PUT", f"/providers/{second['id']}/services", json={"bed_types": [*homes.BED_TYPES, CODE]}
    )
    assert refused.status_code == 400
    assert "No longer offered from" in keeper.get(f"/providers/{first['id']}/capacity").text
    homes.declare(machine, first["id"], dict.fromkeys([*homes.BED_TYPES, CODE], homes.FIGURES))
    waiting.until(lambda: NAME not in ward.get("/find").text, what="the bed type to be offered to nobody")

    machine.put(
        f"/providers/{first['id']}/services",
        {"bed_types": list(homes.BED_TYPES), "confirm_dropped_figures": True},
    )
    assert CODE not in offered(keeper, first)
    assert f"{NAME}: 4 of 20" in keeper.get(f"/providers/{first['id']}").text
    assert "Choice retired" in administrator.get("/audit?what=providers&action=choice+retired").text
