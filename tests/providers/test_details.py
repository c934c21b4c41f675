"""B2: who a provider is and where it stands."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors, permissions
from kit import ids
from services.providers import choices, closing, details, models, opening, schemas
from tests.providers import given

FORM = given.DETAILS | {"type": "care_home"}


def create(
    session: orm.Session,
    *,
    by: permissions.Actor,
    place: dict[str, Any] | None = given.PLACE,
    **form: Any,
) -> models.Provider:
    loaded = schemas.load(schemas.NEW_PROVIDER, FORM | form)
    return details.create(session, form=loaded, place=place, by=by, now=given.NOW)


def change(
    session: orm.Session,
    provider: models.Provider,
    *,
    by: permissions.Actor,
    place: dict[str, Any] | None = None,
    **fields: Any,
) -> models.Provider:
    loaded = schemas.load(schemas.CHANGES, fields)
    return details.change(
        session, provider_id=provider.id, version=None, fields=loaded, place=place, by=by, now=given.NOW
    )


class TestCreate:
    def test_b2_keeps_what_was_written(self, session: orm.Session) -> None:
        by = given.actor()
        form = {
            "website": "www.thimble.example",
            "funding_sources": ["private", "icb"],
            "ownership": "private",
        }
        made = create(session, by=by, **form, care_types=["nursing"], manager_email="pat@thimble.example")
        session.expunge_all()
        stored = opening.to_read(session, provider_id=made.id, by=by)
        answer = details.answer(stored, by=by, now=given.NOW)
        assert answer["organisation_id"] == by.organisation_id
        assert answer["website"] == "https://www.thimble.example"
        assert answer["funding_sources"] == ["icb", "private"]
        assert (answer["version"], answer["listed"], answer["active"]) == (1, False, True)
        assert answer["languages"] == ["English"]

    def test_tells_the_other_services(self, session: orm.Session) -> None:
        made = create(session, by=given.actor())
        event = given.recorded(session)[-1]
        assert event["event"] == "provider_changed"
        assert event["provider"]["provider_id"] == made.id
        assert event["provider"]["version"] == 1
        assert event["changed_at"] == given.NOW.isoformat()

    def test_is_not_for_those_who_run_no_providers(self, session: orm.Session) -> None:
        for kind in ("local_authority", "icb", "other"):
            with pytest.raises(errors.Forbidden):
                create(session, by=given.actor(organisation_type=kind))
        with pytest.raises(errors.Forbidden):
            create(session, by=given.broker())
        with pytest.raises(errors.Unauthenticated):
            create(session, by=permissions.ANONYMOUS)

    def test_is_not_for_another_organisation(self, session: orm.Session) -> None:
        with pytest.raises(errors.Forbidden):
            create(session, by=given.actor(), organisation_id=ids.new())

    def test_is_not_for_those_who_look_after_chosen_providers(self, session: orm.Session) -> None:
        with pytest.raises(errors.Forbidden, match="ask a colleague"):
            create(session, by=given.actor(provider_ids=(ids.new(),)))
        chosen = given.actor(permissions.ADMINISTRATOR, provider_ids=(ids.new(),))
        create(session, by=chosen)

    @pytest.mark.parametrize("switched", [{"active": False}, {"weekly_reminder": False}])
    def test_leaves_switches_to_those_who_may(self, switched: dict[str, bool]) -> None:
        with pytest.raises(errors.Invalid) as refused:
            schemas.load(schemas.NEW_PROVIDER, FORM | switched)
        assert set(refused.value.fields) == set(switched)

    def test_lets_an_administrator_name_the_organisation(self, session: orm.Session) -> None:
        organisation_id = ids.new()
        made = create(session, by=given.administrator(), organisation_id=organisation_id, type="hospice")
        assert (made.organisation_id, made.type) == (organisation_id, "hospice")
        with pytest.raises(errors.Invalid) as refused:
            create(session, by=given.administrator())
        assert list(refused.value.fields) == ["organisation_id"]

    @pytest.mark.parametrize(
        ("organisation_type", "asked", "made"),
        [
            ("care_home", None, "care_home"),
            ("care_home", "home_care", "home_care"),
            ("care_home", "substance_misuse", "substance_misuse"),
            ("hospice", None, "hospice"),
            ("community", None, "community"),
            ("nhs_acute", "community", "community"),
        ],
    )
    def test_b2_fits_the_type_to_the_organisation(
        self, session: orm.Session, organisation_type: str, asked: str | None, made: str
    ) -> None:
        form = schemas.load(schemas.NEW_PROVIDER, given.DETAILS | ({"type": asked} if asked else {}))
        by = given.actor(organisation_type=organisation_type)
        provider = details.create(session, form=form, place=given.PLACE, by=by, now=given.NOW)
        assert provider.type == made

    @pytest.mark.parametrize(
        ("organisation_type", "asked"),
        [
            ("nhs_acute", None),
            ("care_home", "acute"),
            ("community", "care_home"),
            ("hospice", "home_care"),
            ("care_home", "lighthouse"),
        ],
    )
    def test_b2_refuses_a_type_that_does_not_fit(
        self, session: orm.Session, organisation_type: str, asked: str | None
    ) -> None:
        form = schemas.load(schemas.NEW_PROVIDER, given.DETAILS | ({"type": asked} if asked else {}))
        by = given.actor(organisation_type=organisation_type)
        with pytest.raises(errors.Invalid) as refused:
            details.create(session, form=form, place=given.PLACE, by=by, now=given.NOW)
        assert list(refused.value.fields) == ["type"]

    def test_b2_offers_only_types_of_today(self, session: orm.Session) -> None:
        session.execute(
            sa.update(models.Choice)
            .where(models.Choice.kind == choices.PROVIDER_TYPE, models.Choice.code == "home_care")
            .values(valid_to=given.NOW.date())
        )
        for by in (given.actor(), given.administrator()):
            with pytest.raises(errors.Invalid) as refused:
                create(session, by=by, type="home_care", organisation_id=by.organisation_id)
            assert "home_care" not in refused.value.fields["type"]

    @pytest.mark.parametrize("name", ["name", "address", "town", "postcode"])
    def test_b2_asks_for_what_a_result_needs(self, name: str) -> None:
        form = dict(FORM)
        del form[name]
        with pytest.raises(errors.Invalid) as refused:
            schemas.load(schemas.NEW_PROVIDER, form)
        assert refused.value.fields == {name: "Fill this in."}


class TestAlignment:
    def test_b2_follows_the_postcode(self, session: orm.Session) -> None:
        made = create(session, by=given.actor(), council_code=given.NEWCASTLE)
        assert (made.council_code, made.sub_icb_code, made.icb_code, made.region_code) == (
            given.DURHAM,
            "84H",
            "QHM",
            "E12000001",
        )

    @pytest.mark.parametrize("place", [given.OUTWARD, None])
    def test_b2_follows_the_council_where_the_postcode_does_not_say(
        self, session: orm.Session, place: dict[str, Any] | None
    ) -> None:
        made = create(session, by=given.actor(), place=place, council_code=given.NEWCASTLE, postcode="ne17ru")
        assert (made.council_code, made.icb_code, made.region_code) == (given.NEWCASTLE, "QHM", "E12000001")
        assert made.postcode == ("NE1 7RU" if place is None else "DH1 3YG")

    @pytest.mark.parametrize("place", [given.OUTWARD, None])
    @pytest.mark.parametrize("council_code", [None, "", "E99999999"])
    def test_b2_asks_for_the_council_where_the_postcode_does_not_say(
        self, session: orm.Session, place: dict[str, Any] | None, council_code: str | None
    ) -> None:
        with pytest.raises(errors.Invalid) as refused:
            create(session, by=given.actor(), place=place, council_code=council_code)
        assert list(refused.value.fields) == ["council_code"]

    def test_b2_needs_a_full_postcode(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refused:
            create(session, by=given.actor(), place=given.OUTWARD | {"postcode": "DH1"})
        assert list(refused.value.fields) == ["postcode"]


class TestChange:
    def test_b2_changes_what_is_given_and_raises_the_version(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by, phone="0191 496 0000")
        change(session, home, by=by, name="Trifle House")
        assert (home.name, home.phone, home.version) == ("Trifle House", "0191 496 0000", 2)
        assert given.recorded(session)[-1]["provider"]["name"] == "Trifle House"

    def test_leaves_the_version_alone_when_nothing_differs(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        change(session, home, by=by, name="Thimble House", postcode="dh13yg")
        assert (home.version, home.postcode, given.recorded(session)) == (1, "DH1 3YG", [])

    def test_b2_aligns_anew_when_it_moves(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        place = given.PLACE | {"postcode": "NE1 7RU", "council_code": given.NEWCASTLE, "sub_icb_code": "13T"}
        change(session, home, by=by, postcode="ne1 7ru", place=place)
        assert (home.postcode, home.council_code, home.sub_icb_code) == ("NE1 7RU", given.NEWCASTLE, "13T")

    def test_b2_leaves_the_coordinates_of_the_place_it_moves_from(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by, latitude=54.77, longitude=-1.57)
        change(session, home, by=by, town="Durham City")
        assert home.latitude == 54.77
        place = given.PLACE | {"postcode": "NE1 7RU", "council_code": given.NEWCASTLE}
        change(session, home, by=by, postcode="NE1 7RU", place=place)
        assert (home.latitude, home.longitude) == (None, None)

    def test_b2_aligns_anew_once_its_postcode_is_known(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by, council_code=given.NEWCASTLE, sub_icb_code="13T")
        fields = {"postcode": "DH1 3YG", "council_code": given.NEWCASTLE}
        change(session, home, by=by, place=given.OUTWARD, **fields)
        change(session, home, by=by, place=given.PLACE | {"postcode": "DH1 4AA"}, **fields)
        assert (home.council_code, home.version) == (given.NEWCASTLE, 1)
        change(session, home, by=by, place=given.PLACE, **fields)
        assert (home.council_code, home.sub_icb_code, home.version) == (given.DURHAM, "84H", 2)

    @pytest.mark.parametrize(
        "name",
        [
            "registered_beds",
            "cqc_provider_id",
            "cqc_rating",
            "cqc_ratings",
            "cqc_rating_date",
            "cqc_services",
            "last_inspected_on",
        ],
    )
    def test_b2_refuses_what_comes_from_cqc(self, name: str) -> None:
        with pytest.raises(errors.Invalid) as refused:
            schemas.load(schemas.CHANGES, {name: 40})
        assert refused.value.fields == {name: "This comes from CQC and cannot be changed here."}

    def test_is_for_those_who_may_edit(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        council = given.actor(organisation_type="local_authority", council_code=given.DURHAM)
        champion = given.actor(
            permissions.SYSTEM_CHAMPION, organisation_type="local_authority", council_code=given.DURHAM
        )
        for stranger in (given.actor(), council, champion, given.broker(given.NEWCASTLE)):
            with pytest.raises(errors.Forbidden):
                change(session, home, by=stranger, name="Mine")
        change(session, home, by=given.broker(), name="Trifle House")

    def test_keeps_to_the_homes_that_somebody_was_given(self, session: orm.Session) -> None:
        owner = given.actor()
        home, other = given.provider(session, of=owner), given.provider(session, of=owner)
        one_home = given.actor(organisation_id=owner.organisation_id, provider_ids=(home.id,))
        change(session, home, by=one_home, name="Trifle House")
        with pytest.raises(errors.Forbidden):
            change(session, other, by=one_home, name="Trifle House")

    def test_switches_the_reminder_for_those_who_may(self, session: orm.Session) -> None:
        staff = given.actor()
        approver = given.actor(permissions.APPROVER, organisation_id=staff.organisation_id)
        home = given.provider(session, of=staff)
        change(session, home, by=staff, weekly_reminder=True)
        with pytest.raises(errors.Forbidden):
            change(session, home, by=staff, weekly_reminder=False)
        assert change(session, home, by=approver, weekly_reminder=False).weekly_reminder is False

    def test_b15_deactivates_for_brokers_and_takes_it_off_the_list(self, session: orm.Session) -> None:
        owner = given.actor(permissions.APPROVER)
        home = given.declared(session, "general_residential", by=owner)
        assert home.listed is True
        with pytest.raises(errors.Forbidden):
            change(session, home, by=owner, active=False)
        change(session, home, by=given.broker(), active=False)
        assert (home.active, home.listed) == (False, False)
        assert given.recorded(session)[-1]["provider"]["active"] is False


class TestAllOfB2:
    def test_b2_keeps_every_detail_that_its_people_may_tell(self, session: orm.Session) -> None:
        by = given.actor()
        told = {
            "name": "Trifle House",
            "address": "2 Fable Close",
            "town": "Durham",
            "phone": "0191 496 0001",
            "email": "office@trifle.example",
            "website": "https://www.trifle.example",
            "ownership": "voluntary",
            "brand": "Fictional Care",
            "price_band": "£900 to £1,200",
            "funding_sources": ["icb", "local_authority", "phb", "private"],
            "care_types": ["nursing", "residential"],
            "cqc_report_url": "https://reports.example/trifle",
            "manager_name": "Perpetua Fictional",
            "manager_phone": "0191 496 0002",
            "manager_email": "perpetua@trifle.example",
            "nhsmail": "trifle.house@nhs.net",
            "cqc_location_id": "1-100000099",
            "ods_code": "VFICT",
        }
        home = change(session, given.provider(session, of=by), by=by, **told)
        session.expunge_all()
        answer = details.answer(opening.to_read(session, provider_id=home.id, by=by), by=by, now=given.NOW)
        assert {name: answer[name] for name in told} == told
        assert answer["organisation_id"] == by.organisation_id

    @pytest.mark.parametrize(
        ("columns", "link"),
        [
            ({"cqc_location_id": "1-100000099"}, "https://www.cqc.org.uk/location/1-100000099"),
            ({"cqc_location_id": "1-100000099", "cqc_report_url": "https://r.example"}, "https://r.example"),
            ({"cqc_report_url": "https://r.example"}, "https://r.example"),
            ({}, None),
        ],
    )
    def test_b2_links_to_the_cqc_report_by_the_location_id(
        self, session: orm.Session, columns: dict[str, Any], link: str | None
    ) -> None:
        by = given.actor()
        home = given.provider(session, of=by, **columns)
        assert details.answer(home, by=by, now=given.NOW)["cqc_report_link"] == link

    def test_b2_shows_the_facts_of_cqc_with_their_dates(self, session: orm.Session) -> None:
        by = given.actor()
        facts = {
            "registered_beds": 40,
            "cqc_rating": "good",
            "cqc_ratings": {"safe": {"rating": "good", "date": "2025-05-01"}},
            "cqc_services": ["Care home service with nursing"],
        }
        home = given.provider(session, of=by, **facts, cqc_rating_date=date(2025, 5, 1))
        answer = details.answer(home, by=by, now=given.NOW)
        assert {name: answer[name] for name in facts} == facts
        assert answer["cqc_rating_date"] == "2025-05-01"


class TestCqcLocation:
    ID = "1-100000077"

    def test_b2_belongs_to_one_active_provider(self, session: orm.Session) -> None:
        by = given.actor()
        given.provider(session, of=given.actor(), name="Trifle House", cqc_location_id=self.ID)
        words = "Trifle House (DH1 3YG) has this CQC location id. Check the number."
        with pytest.raises(errors.Invalid) as refused:
            create(session, by=by, cqc_location_id=self.ID.lower())
        assert refused.value.fields == {"cqc_location_id": words}
        home = given.provider(session, of=by)
        with pytest.raises(errors.Invalid) as refused:
            change(session, home, by=by, cqc_location_id=self.ID)
        assert refused.value.fields == {"cqc_location_id": words}

    def test_b2_may_be_kept_and_taken_over_from_one_that_is_deactivated(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by, cqc_location_id=self.ID)
        change(session, home, by=by, cqc_location_id=self.ID, name="Trifle House")
        change(session, home, by=given.administrator(), active=False)
        create(session, by=by, cqc_location_id=self.ID)
        with pytest.raises(errors.Invalid):
            change(session, home, by=given.administrator(), active=True)

    def test_b2_stays_with_who_has_it_when_another_is_put_back(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor(), cqc_location_id=self.ID, active=False)
        given.provider(session, of=given.actor(), cqc_location_id=self.ID)
        with pytest.raises(errors.Invalid) as refused:
            closing.reactivate(
                session, provider_id=home.id, version=None, by=given.administrator(), now=given.NOW
            )
        assert list(refused.value.fields) == ["cqc_location_id"]


class TestFactsOfCqc:
    ID = "1-100000055"

    def site(self, session: orm.Session, **columns: Any) -> None:
        plain = dict.fromkeys(("website", "phone"), "")
        plain |= {"name": "Thimble House", "address": "1 Fable Close", "town": "Durham"}
        facts = {"registered_beds": 31, "rating": "good", "services": ["Care home service with nursing"]}
        rated = {"overall": {"rating": "good", "date": "2025-05-01"}}
        facts |= {"ratings": rated, "parent_code": "1-200000001", "brand": "Fictional Care"}
        times = {"first_seen_at": given.NOW, "changed_at": given.NOW}
        defaults = plain | facts | times | {"postcode": "DH1 3YG", "care_home": True, "digest": "x"}
        session.add(models.RegisteredSite(register="cqc", code=self.ID, **(defaults | columns)))
        session.flush()

    def test_b2_come_with_the_location_id_of_a_new_provider(self, session: orm.Session) -> None:
        self.site(session)
        made = create(session, by=given.actor(), cqc_location_id=self.ID)
        assert (made.registered_beds, made.cqc_rating, made.cqc_provider_id) == (31, "good", "1-200000001")
        assert (made.cqc_rating_date, made.brand) == (date(2025, 5, 1), "Fictional Care")
        assert given.recorded(session)[-1]["provider"]["registered_beds"] == 31

    def test_b2_come_and_go_with_a_location_id_that_is_changed(self, session: orm.Session) -> None:
        self.site(session)
        by = given.actor()
        home = given.provider(session, of=by, brand="Our own", bed_types=[])
        change(session, home, by=by, cqc_location_id=self.ID)
        assert (home.registered_beds, home.cqc_rating, home.brand) == (31, "good", "Our own")
        change(session, home, by=by, cqc_location_id="1-999999999")
        assert (home.registered_beds, home.cqc_rating, home.cqc_ratings) == (None, None, {})

    def test_b2_of_one_not_in_the_register_stay_as_they_were_imported(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by, registered_beds=12)
        change(session, home, by=by, cqc_location_id="1-999999999")
        assert home.registered_beds == 12

    def test_b7_flag_a_home_that_declares_more_beds_than_they_allow(self, session: orm.Session) -> None:
        self.site(session, registered_beds=5)
        by = given.actor()
        home = given.declared(session, "general_nursing", by=by)
        assert change(session, home, by=by, cqc_location_id=self.ID).over_registered is True


class TestStands:
    @pytest.mark.parametrize(
        ("fields", "postcode", "moves"),
        [
            ({"name": "Trifle House"}, None, False),
            ({"postcode": "dh1 3yg"}, "dh1 3yg", False),
            ({"council_code": given.DURHAM}, "DH1 3YG", False),
            ({"council_code": None}, "DH1 3YG", False),
            ({"postcode": "NE1 7RU"}, "NE1 7RU", True),
            ({"council_code": given.NEWCASTLE}, "DH1 3YG", True),
        ],
    )
    def test_names_the_postcode_to_look_up_and_says_whether_it_moves(
        self, session: orm.Session, fields: dict[str, Any], postcode: str | None, moves: bool
    ) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        assert details.stands(session, provider_id=home.id, fields=fields, by=by) == (postcode, moves)


class TestAnswer:
    def test_says_what_one_may_do(self, session: orm.Session) -> None:
        owner = given.actor()
        home = given.offering(session, "general_residential", by=owner)
        ward = given.actor(organisation_type="nhs_acute")
        may = {
            by.full_name: details.answer(home, by=by, now=given.NOW)["may"]
            for by in (owner, ward, given.broker(), given.administrator())
        }
        assert list(may.values()) == [
            [permissions.EDIT_PROVIDER],
            [],
            [permissions.EDIT_PROVIDER, permissions.SWITCH_REMINDER, permissions.DEACTIVATE_PROVIDER],
            [
                permissions.EDIT_PROVIDER,
                permissions.SWITCH_REMINDER,
                permissions.DEACTIVATE_PROVIDER,
                permissions.SET_ALERTS,
            ],
        ]

    def test_names_the_bed_types(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by)
        answer = details.answer(home, by=by, now=given.NOW)
        assert answer["bed_types"] == [
            {"bed_type": "general_residential", "label": "General Residential", "unit": "bed"}
        ]
        assert answer["overdue"] is True
