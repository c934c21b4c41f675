"""A new home, from what CQC knows of it to the first time it is found: nothing is typed twice."""

from __future__ import annotations

import itertools
import pathlib

from tests.factories import pages, registers, stack, waiting
from tests.journeys import homes

NAME = "Fresh Start House"


def registered(**changed: str) -> dict[str, str]:
    """Return what CQC publishes of a care home without nursing."""
    service = f"Service type - {registers.RESIDENTIAL}"
    rows = (registers.site(number) for number in itertools.count(7_000_000))
    return next(row for row in rows if row.get(service) == "Y") | changed


def test_b2_b13_is_looked_up_completed_task_by_task_and_found(
    product: stack.Stack, tmp_path: pathlib.Path
) -> None:
    site = registered(
        **{
            "Location Name": NAME,
            "Location Postal Code": "HR1 2AA",
            "Location Local Authority": "Herefordshire, County of",
            "Care homes beds": "31",
            "Location Latest Overall Rating": "Good",
            "Publication Date": "04/03/2024",
        }
    )
    file = registers.write_csv(tmp_path / "directory.csv", registers.hsca([site]))
    product.tracker("import", "cqc", str(file), "--update-only")

    keeper = pages.signed_in(product.url, homes.KEEPER)
    found = keeper.send(keeper.get("/providers/new"), "Look up", {"q": site["Location ID"]})
    assert "31 registered beds. CQC rating: Good." in found.text
    form = found.form("Save details")
    assert (form.value("name"), form.value("postcode")) == (NAME, "HR1 2AA")

    home = keeper.send(found, "Save details", {"care_types": ["residential"], "funding_sources": ["private"]})
    assert home.heading.endswith(NAME)
    assert "Herefordshire" in home.main.text
    assert "Registered beds 31" in home.main.text
    assert "Overall Good 4 March 2024" in home.main.text

    services = keeper.get(home.link("Services"))
    home = keeper.send(services, "Save services", {"bed_types": ["general_residential"]})
    figures = {"maximum": "31", "occupied": "27", "reserved": "1", "accepting": "3", "closed": "0"}
    declared = {f"bed_types.0.{name}": number for name, number in figures.items()}
    home = keeper.send(
        keeper.get(home.link("Figures")),
        "Save capacity",
        declared | {"bed_types.0.weekly_price_from": "825"},
    )
    assert "Not found in searches yet" not in home.text
    needs = keeper.get(home.link("Needs you can meet"))
    home = keeper.send(needs, "Save needs you can meet", {"capabilities.palliative_care.non_nursing": "6"})
    home = keeper.send(keeper.get(home.link("Contracts")), "Save contracts", {"codes": [homes.NEWCASTLE]})
    assert "Palliative care 0 6" in home.main.text

    ward = pages.signed_in(product.url, "ward@acute.example")
    sought = {"postcode": "HR1 2AA", "bed_type": "general_residential"}
    waiting.until(lambda: NAME in ward.get("/find", **sought).main.text, what="being found")
    assert "Here already" not in keeper.get("/providers/new").text
    again = keeper.send(keeper.get("/providers/new"), "Look up", {"q": site["Location ID"]})
    assert f"{NAME} is in the Capacity Tracker already." in again.text
