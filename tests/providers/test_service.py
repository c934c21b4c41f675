"""The entrypoints: who they ask for what, and in which order."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from unittest import mock

import pytest

from contracts import errors, permissions
from services.providers import bed_types
from services.providers.service import Providers
from tests.providers import given

Service = Callable[..., Any]


@pytest.fixture
def owner() -> permissions.Actor:
    return given.actor()


@pytest.fixture
def home(service: Service, owner: permissions.Actor) -> dict[str, Any]:
    return service(by=owner).create_provider(form=dict(given.DETAILS))


class TestProviders:
    def test_takes_a_home_from_registration_to_history(
        self, service: Service, owner: permissions.Actor, home: dict[str, Any]
    ) -> None:
        one = service(by=owner)
        fields = {"funding_sources": ["private"], "care_types": ["residential"]}
        changed = one.change_provider(provider_id=home["id"], version=home["version"], changes=fields)
        offered = one.set_services(
            provider_id=home["id"], version=changed["version"], bed_types=["general_residential"]
        )
        assert one.get_provider(provider_id=home["id"]) == offered
        form = {"bed_types": [given.figures()], "accepting_out_of_hours": True}
        saved = one.declare_capacity(provider_id=home["id"], version=offered["version"], form=form)
        assert one.get_capacity(provider_id=home["id"]) == saved
        confirmed = one.confirm_capacity(provider_id=home["id"], version=saved["version"])
        assert confirmed["version"] == saved["version"] + 1
        assert one.history(provider_id=home["id"])["results"][0]["id"] == confirmed["declaration_id"]
        assert one.get_provider(provider_id=home["id"])["listed"] is True
        assert [row["id"] for row in one.list_providers()["results"]] == [home["id"]]
        snapshots = service(by=permissions.service("search")).snapshots()["results"]
        assert home["id"] in {row["provider_id"] for row in snapshots}

    def test_may_be_seen_by_those_who_search_and_not_by_other_homes(
        self, service: Service, home: dict[str, Any]
    ) -> None:
        ward = given.actor(organisation_type="nhs_acute")
        assert service(by=ward).get_provider(provider_id=home["id"])["may"] == []
        assert service(by=ward).get_capacity(provider_id=home["id"])["bed_types"] == []
        for stranger in (given.actor(), given.actor(organisation_type="community")):
            with pytest.raises(errors.Forbidden):
                service(by=stranger).get_provider(provider_id=home["id"])
        with pytest.raises(errors.Unauthenticated):
            service().get_provider(provider_id=home["id"])

    def test_lists_the_bed_types_there_are(self, service: Service) -> None:
        found = service(by=given.actor()).bed_types(provider_type="hospice")["results"]
        assert [row["name"] for row in found] == ["Community Rehabilitation", "End of Life"]
        assert set(found[0]) == {"code", "name", "definition"}

    def test_b4_lists_the_bed_types_of_the_day_it_is_in_london(self, service: Service) -> None:
        just_after_midnight = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
        with mock.patch.object(bed_types, "available", return_value=[]) as available:
            service(by=given.actor(), now=just_after_midnight).bed_types(provider_type="hospice")
        assert available.call_args.kwargs["on"] == date(2026, 7, 1)

    def test_refuses_every_caller_who_is_not_signed_in(self, service: Service, home: dict[str, Any]) -> None:
        calls: dict[str, dict[str, Any]] = {
            "list_providers": {},
            "get_provider": {},
            "create_provider": {"form": dict(given.DETAILS)},
            "change_provider": {"changes": {"name": "Mine"}},
            "set_services": {"bed_types": ["general_nursing"]},
            "set_capabilities": {"form": {}},
            "set_contracts": {"codes": []},
            "get_capacity": {},
            "declare_capacity": {"version": 1, "form": {"bed_types": []}},
            "confirm_capacity": {},
            "history": {},
            "directory": {},
            "audit": {},
            "audit_actions": {},
            "snapshots": {},
        }
        for name, arguments in calls.items():
            takes_id = "provider_id" in inspect.signature(getattr(Providers, name)).parameters
            with pytest.raises(errors.Unauthenticated):
                getattr(service(), name)(**arguments, **({"provider_id": home["id"]} if takes_id else {}))


class TestPlace:
    def test_is_asked_for_when_a_provider_is_registered(
        self, search: mock.Mock, home: dict[str, Any]
    ) -> None:
        search.locate.assert_called_once_with(postcode="DH1 3YG")
        assert home["council_code"] == given.DURHAM

    def test_is_not_needed_when_nothing_moves(
        self, service: Service, owner: permissions.Actor, home: dict[str, Any], search: mock.Mock
    ) -> None:
        search.locate.side_effect = errors.Unavailable("away")
        changes = {"name": "Trifle House", "postcode": "dh1 3yg", "council_code": given.DURHAM}
        changed = service(by=owner).change_provider(provider_id=home["id"], changes=changes)
        assert changed["name"] == "Trifle House"

    def test_is_looked_up_again_when_the_details_are_saved(
        self, service: Service, owner: permissions.Actor, search: mock.Mock
    ) -> None:
        search.locate.side_effect = errors.NotFound("not imported yet")
        form = given.DETAILS | {"council_code": given.NEWCASTLE}
        home = service(by=owner).create_provider(form=form)
        search.locate.side_effect = None
        changed = service(by=owner).change_provider(provider_id=home["id"], changes=form)
        assert (home["council_code"], changed["council_code"]) == (given.NEWCASTLE, given.DURHAM)

    def test_is_needed_when_a_provider_moves(
        self, service: Service, owner: permissions.Actor, home: dict[str, Any], search: mock.Mock
    ) -> None:
        search.locate.side_effect = errors.Unavailable("away")
        with pytest.raises(errors.Unavailable):
            service(by=owner).change_provider(provider_id=home["id"], changes={"postcode": "NE1 7RU"})
        assert service(by=owner).get_provider(provider_id=home["id"])["version"] == home["version"]

    def test_may_be_unknown_where_the_council_is_chosen(
        self, service: Service, owner: permissions.Actor, home: dict[str, Any], search: mock.Mock
    ) -> None:
        search.locate.side_effect = errors.NotFound("unknown")
        with pytest.raises(errors.Invalid) as refused:
            service(by=owner).change_provider(provider_id=home["id"], changes={"postcode": "NE1 9ZZ"})
        assert list(refused.value.fields) == ["council_code"]
        changes = {"postcode": "NE1 9ZZ", "council_code": given.NEWCASTLE}
        moved = service(by=owner).change_provider(provider_id=home["id"], changes=changes)
        assert (moved["postcode"], moved["council_code"]) == ("NE1 9ZZ", given.NEWCASTLE)
