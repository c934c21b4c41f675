from __future__ import annotations

import collections
import math

import pytest
from sqlalchemy import orm

from contracts import areas, errors
from services.search import models, postcodes
from tests.search import given


class TestParse:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("DH1 3YG", "DH1 3YG"),
            ("dh13yg", "DH1 3YG"),
            (" DH1  3yg ", "DH1 3YG"),
            ("dh1-3yg.", "DH1 3YG"),
            ("SW1A 1AA", "SW1A 1AA"),
            ("w1a0ax", "W1A 0AX"),
            ("M1 1AE", "M1 1AE"),
            ("dh1", "DH1"),
            ("ec2v", "EC2V"),
            ("OX1 1AA", "OX1 1AA"),
            ("0X1 1AA", "OX1 1AA"),
            ("DH1 OAA", "DH1 0AA"),
            ("S014 2AA", "SO14 2AA"),
            ("SW1O 1AA", "SW10 1AA"),
        ],
    )
    def test_reads_what_people_type(self, typed: str, meant: str) -> None:
        assert str(postcodes.parse(typed)) == meant

    @pytest.mark.parametrize(
        "typed",
        [
            "Durham",
            "DH1 3",
            "DH1 3Y",
            "1DH 3YG",
            "DH1 3YGG",
            "DH1 3CI",
            "D",
            "12345",
            "DH1 3YG DH1 3YG",
            "Ω",
            "\x00",
        ],
    )
    def test_refuses_anything_else_in_words(self, typed: str) -> None:
        with pytest.raises(errors.Invalid, match="is not a full postcode, for example DH1 3YG"):
            postcodes.parse(typed)

    def test_asks_for_one_when_there_is_none(self) -> None:
        with pytest.raises(errors.Invalid, match="Enter a postcode"):
            postcodes.parse("  ")

    def test_bounds_what_it_reads_and_repeats(self) -> None:
        with pytest.raises(errors.Invalid) as refused:
            postcodes.parse("O" * 1_000_000)
        assert len(refused.value.message) < 100


class TestLocateWithoutAnImport:
    def test_answers_at_the_precision_of_the_outward_code(self, session: orm.Session) -> None:
        assert postcodes.locate(session, "dh13yg") == postcodes.Place(
            postcode="DH1 3YG",
            easting=427700,
            northing=542900,
            precision="outward",
            council_code="E06000047",
            sub_icb_code="84H",
            icb_code="QHM",
        )

    def test_says_that_it_does_not_know_a_place(self, session: orm.Session) -> None:
        with pytest.raises(errors.NotFound, match="We do not know the postcode ZA1 1AA"):
            postcodes.locate(session, "ZA1 1AA")

    @pytest.mark.parametrize(
        ("typed", "where"),
        [
            ("ZE1 1AA", "in Scotland"),
            ("g1 1aa", "in Scotland"),
            ("CF10 1AA", "in Wales"),
            ("BT1 1AA", "in Northern Ireland"),
            ("JE2 3AB", "in the Channel Islands"),
            ("IM1 1AA", "in the Isle of Man"),
        ],
    )
    def test_c1_says_that_a_place_is_outside_england(
        self, session: orm.Session, typed: str, where: str
    ) -> None:
        with pytest.raises(errors.NotFound, match=f"{where}: only England is covered"):
            postcodes.locate(session, typed)

    @pytest.mark.parametrize("typed", ["GL99 1AA", "NP16 7AA", "TD15 9ZZ", "B99 1AA"])
    def test_c1_does_not_say_so_of_what_may_be_in_england(self, typed: str) -> None:
        with pytest.raises(errors.NotFound, match="We do not know the postcode"):
            postcodes.refuse_unknown(postcodes.parse(typed))


class TestLocateAfterAnImport:
    @pytest.fixture(autouse=True)
    def imported(self, session: orm.Session) -> None:
        given.postcodes(session, ("DH1 3YG", 427123, 542456))

    def test_answers_exactly(self, session: orm.Session) -> None:
        place = postcodes.locate(session, "DH1 3YG")
        assert (place.easting, place.northing, place.precision) == (427123, 542456, "postcode")

    def test_leaves_the_council_to_others_where_the_file_does_not_give_it(self, session: orm.Session) -> None:
        place = postcodes.locate(session, "DH1 3YG")
        assert (place.council_code, place.sub_icb_code, place.icb_code) == (None, None, None)

    def test_fills_in_the_sub_icb_of_most_of_the_council(self, session: orm.Session) -> None:
        session.add(
            models.Postcode(postcode="TS11AA", easting=449000, northing=520000, council_code="E06000002")
        )
        session.flush()
        place = postcodes.locate(session, "TS1 1AA")
        assert (place.council_code, place.sub_icb_code, place.icb_code) == ("E06000002", "16C", "QHM")

    def test_does_not_know_a_postcode_that_the_import_lacks(self, session: orm.Session) -> None:
        with pytest.raises(errors.NotFound, match="We do not know the postcode DH1 9ZZ"):
            postcodes.locate(session, "DH1 9ZZ")

    def test_still_answers_an_outward_code_alone(self, session: orm.Session) -> None:
        assert postcodes.locate(session, "DH1").precision == "outward"


class TestPlaces:
    def test_places_what_an_import_lacks_by_its_outward_code(self, session: orm.Session) -> None:
        given.postcodes(session, ("DH1 3YG", 427123, 542456))
        found = postcodes.places(session, ["DH1 3YG", "dh1 9zz", "nonsense", "ZE1 1AA"])
        assert {text: place.precision for text, place in found.items()} == {
            "DH1 3YG": "postcode",
            "dh1 9zz": "outward",
        }


class TestOwnList:
    def test_has_places_in_every_region_and_council(self) -> None:
        listed = postcodes.own_list()
        councils = {middle.council_code for middle in listed.values() if middle.council_code}
        assert len(listed) >= 2_000
        assert councils == {council.code for council in areas.councils()}
        regions = collections.Counter(c.region_code for c in areas.councils() if c.code in councils)
        assert len(regions) == 9

    def test_has_the_middle_of_london_and_its_hospitals(self, session: orm.Session) -> None:
        for text in (
            "SE1 7EH",
            "NW1 2BU",
            "WC1N 3JH",
            "EC1A 7BE",
            "W1T 1AA",
            "SW1A 1AA",
            "N1C 4AA",
            "E1W 1AA",
        ):
            place = postcodes.locate(session, text)
            assert math.dist((place.easting, place.northing), (530_000, 180_400)) < 5_000, text

    def test_lies_within_england(self) -> None:
        for code, middle in postcodes.own_list().items():
            assert 80_000 < middle.easting < 656_000, code
            assert 8_000 < middle.northing < 658_000, code
            assert str(postcodes.parse(code)) == code
