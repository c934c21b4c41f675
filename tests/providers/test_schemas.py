"""What may be sent at all: shapes, lengths, characters."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from services.providers import schemas
from tests.providers import given


def refusal(schema: Any, form: Any) -> dict[str, str]:
    with pytest.raises(errors.Invalid) as refused:
        schemas.load(schema, form)
    return refused.value.fields


class TestDetails:
    @pytest.mark.parametrize(
        ("name", "wrong"),
        [
            ("name", ""),
            ("name", "x" * 121),
            ("name", "nul \x00"),
            ("name", "half a \ud800 character"),
            ("name", None),
            ("name", 7),
            ("email", "pat"),
            ("email", "pat@home"),
            ("nhsmail", "trifle@home.example"),
            ("phone", "ring me"),
            ("website", "javascript:alert(1)"),
            ("website", "https://"),
            ("website", "https://a.example/<script> "),
            ("cqc_report_url", "data://x"),
            ("funding_sources", ["gold"]),
            ("funding_sources", "private"),
            ("care_types", [["nursing"]]),
            ("ownership", "pirates"),
            ("active", "yes"),
            ("colour", "green"),
        ],
    )
    def test_refuse_what_cannot_be_right(self, name: str, wrong: Any) -> None:
        fields = refusal(schemas.CHANGES, {name: wrong})
        assert {path.split(".")[0] for path in fields} == {name}

    @pytest.mark.parametrize(
        ("name", "given_", "kept"),
        [
            ("name", "  Thimble \u00a0 House ", "Thimble House"),
            ("address", "1 Fable Close,\r\n Old Town \n", "1 Fable Close, Old Town"),
            ("name", "<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("name", "Tŷ Gwniadur – 家", "Tŷ Gwniadur – 家"),
            ("website", "thimble.example/visit", "https://thimble.example/visit"),
            ("website", "", ""),
            ("phone", "+44 (0)191 496 0000 ext. 12", "+44 (0)191 496 0000 ext. 12"),
            ("ods_code", "", None),
            ("price_band", None, None),
            ("care_types", ["residential", "nursing", "nursing"], ["nursing", "residential"]),
        ],
    )
    def test_tidy_what_people_type(self, name: str, given_: Any, kept: Any) -> None:
        assert schemas.load(schemas.CHANGES, {name: given_}) == {name: kept}


class TestShapes:
    @pytest.mark.parametrize(
        "schema", [schemas.CHANGES, schemas.NEW_PROVIDER, schemas.SERVICES, schemas.CAPACITY]
    )
    @pytest.mark.parametrize("nonsense", ["text", 7, None, [], [{}], True])
    def test_refuse_what_is_not_an_object(self, schema: Any, nonsense: Any) -> None:
        assert refusal(schema, nonsense)

    def test_name_fields_that_do_not_exist_by_their_path(self) -> None:
        row = given.figures(hammocks=3)
        fields = refusal(schemas.CAPACITY, {"bed_types": [row, 7], "colour": "green"})
        assert fields == {
            "bed_types.0.hammocks": "There is no such field.",
            "bed_types.1": "Invalid input type.",
            "colour": "There is no such field.",
        }


class TestCapabilities:
    def test_b5_name_what_is_wrong_by_the_path_of_its_field(self) -> None:
        beds = {"tracheostomy": {"nursing": "many"}, "value": {"nursing": -1}, "palliative_care": None}
        fields = refusal(schemas.CAPABILITIES, {"capabilities": {**beds, "x" * 61: {"nursing": -1}}})
        assert set(fields) == {
            "capabilities.tracheostomy.nursing",
            "capabilities.value.nursing",
            "capabilities.palliative_care",
            f"capabilities.{'x' * 61}",
            f"capabilities.{'x' * 61}.nursing",
        }
