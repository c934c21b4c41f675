from __future__ import annotations

import csv
import pathlib

import pytest

from contracts import areas

PUBLISHED = pathlib.Path(__file__).parents[3] / "shared" / "data" / "geo"


def published(name: str) -> list[dict[str, str]]:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"the published list {name} is not here")
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def plain(name: str) -> str:
    """Take away what lists differ in: "City of Derby" and "Derby" are one council."""
    for prefix in ("The City of ", "City of ", "County of "):
        name = name.removeprefix(prefix)
    return name.replace("St. ", "St ")


class TestAreas:
    def test_number_as_many_as_england_has(self) -> None:
        counts = [len(list_of()) for list_of in (areas.regions, areas.icbs, areas.sub_icbs, areas.councils)]
        assert counts == [9, 42, 106, 153]

    def test_have_one_row_a_code(self) -> None:
        for list_of in (areas.regions, areas.nhs_regions, areas.icbs, areas.sub_icbs, areas.councils):
            codes = [area.code for area in list_of()]
            assert len(set(codes)) == len(codes)

    def test_name_parents_that_exist(self) -> None:
        nhs_regions = {area.code for area in areas.nhs_regions()}
        assert all(icb.nhs_region_code in nhs_regions for icb in areas.icbs())
        assert all(areas.icb(sub_icb.icb_code) for sub_icb in areas.sub_icbs())
        for council in areas.councils():
            sub_icb = areas.sub_icb(council.sub_icb_code)
            assert sub_icb is not None
            assert sub_icb.icb_code == council.icb_code
            assert areas.region(council.region_code)

    def test_are_named_in_todays_words(self) -> None:
        sub_icb, icb = areas.sub_icb("16C"), areas.icb("QHM")
        assert sub_icb is not None
        assert sub_icb.name == "NHS North East and North Cumbria ICB – 16C"
        assert icb is not None
        assert icb.name == "NHS North East and North Cumbria ICB"

    def test_say_from_which_day_they_are_valid(self) -> None:
        cumberland = areas.council("E06000063")
        assert cumberland is not None
        assert (cumberland.valid_from.isoformat(), cumberland.valid_to) == ("2023-04-01", None)


class TestAlignmentOf:
    def test_finds_the_areas_of_a_council(self) -> None:
        assert areas.alignment_of("E06000047") == areas.Alignment(
            council_code="E06000047", sub_icb_code="84H", icb_code="QHM", region_code="E12000001"
        )

    def test_finds_an_area_of_any_kind_with_those_around_it(self) -> None:
        found = [areas.find(code) for code in ("E06000047", "84H", "QHM")]
        assert [areas.around(area) for area in found if area] == [
            {"council_code": "E06000047", "sub_icb_code": "84H", "icb_code": "QHM"},
            {"sub_icb_code": "84H", "icb_code": "QHM"},
            {"icb_code": "QHM"},
        ]
        assert areas.find("E99999999") is None

    def test_finds_nothing_for_a_code_it_does_not_know(self) -> None:
        assert areas.alignment_of("E06999999") is None


class TestUpperTierCode:
    def test_leads_from_a_district_to_its_county(self) -> None:
        assert areas.upper_tier_code("E07000178") == "E10000025"

    def test_leads_from_an_abolished_council_to_todays(self) -> None:
        assert areas.upper_tier_code("E06000048") == "E06000057"
        assert areas.upper_tier_code("E07000028") == "E06000063"

    def test_knows_its_own_codes_and_no_pseudo_codes(self) -> None:
        assert areas.upper_tier_code("E06000047") == "E06000047"
        assert areas.upper_tier_code("E99999999") is None


class TestOdsCode:
    def test_finds_the_code_for_old_and_new_gss_codes(self) -> None:
        assert areas.ods_code("E38000250") == areas.ods_code("E38000259") == "D2P2L"
        assert areas.ods_code("E54000050") == "QHM"
        assert areas.ods_code("16C") == "16C"

    def test_leads_only_to_areas_that_exist(self) -> None:
        for code in areas._ods_codes().values():
            assert areas.icb(code) or areas.sub_icb(code)


class TestPublishedLists:
    def test_agree_on_the_councils(self) -> None:
        regions = {region.code: region.name for region in areas.regions()}
        ours = {
            c.code: (plain(c.name), regions[c.region_code].split(" ")[0], c.sub_icb_code, c.icb_code)
            for c in areas.councils()
        }
        theirs = {
            row["la_code"]: (
                plain(row["la_name"]),
                row["adass_region"].removeprefix("Greater ").split(" ")[0],
                row["main_ccg"],
                row["main_stp"],
            )
            for row in published("local_authorities_upper_tier_england.csv")
        }
        assert ours == theirs

    def test_agree_on_the_sub_icbs(self) -> None:
        rows = published("ccg_stp_nhsregion_2022-01.csv")
        assert {row["ccg_code"]: row["stp_code"] for row in rows} == {
            sub_icb.code: sub_icb.icb_code for sub_icb in areas.sub_icbs()
        }
        assert {row["stp_code"]: row["region_code"] for row in rows} == {
            icb.code: icb.nhs_region_code for icb in areas.icbs()
        }
        assert all(areas.ods_code(row["ccg_ons"]) == row["ccg_code"] for row in rows)
        assert all(areas.ods_code(row["stp_ons"]) == row["stp_code"] for row in rows)

    def test_agree_on_the_upper_tier_of_each_district(self) -> None:
        rows = published("local_authority_districts_england.csv")
        assert [row for row in rows if areas.upper_tier_code(row["lad_code"]) != row["utla_code"]] == []
