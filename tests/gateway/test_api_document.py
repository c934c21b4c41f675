"""The OpenAPI document, the page that shows it, and the assets."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from gateway import http, static
from tests.gateway.conftest import Front

NEEDED = {
    ("post", "/api/v1/registrations"),
    ("get", "/api/v1/organisations"),
    ("get", "/api/v1/registrations"),
    ("post", "/api/v1/registrations/{registration_id}/approve"),
    ("post", "/api/v1/registrations/{registration_id}/reject"),
    ("post", "/api/v1/sessions"),
    ("delete", "/api/v1/sessions/current"),
    ("post", "/api/v1/password"),
    ("get", "/api/v1/me"),
    ("get", "/api/v1/providers"),
    ("post", "/api/v1/providers"),
    ("get", "/api/v1/providers/{provider_id}"),
    ("patch", "/api/v1/providers/{provider_id}"),
    ("put", "/api/v1/providers/{provider_id}/services"),
    ("get", "/api/v1/providers/{provider_id}/capacity"),
    ("put", "/api/v1/providers/{provider_id}/capacity"),
    ("post", "/api/v1/providers/{provider_id}/capacity/confirmation"),
    ("get", "/api/v1/vacancies"),
    ("get", "/api/v1/reports/last-updated"),
}


@pytest.fixture
def document(front: Front) -> Any:
    return front.call("GET", "/openapi.json").json()


class TestDocument:
    def test_names_every_call(self, document: Any) -> None:
        described = {(method, path) for path, calls in document["paths"].items() for method in calls}
        assert described >= NEEDED

    def test_is_the_same_below_the_calls(self, front: Front, document: Any) -> None:
        assert front.call("GET", "/api/v1/openapi.json").json() == document

    def test_says_how_to_sign_in_and_where_one_need_not(self, document: Any) -> None:
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
        assert document["security"] == [{"bearer": []}]
        assert document["paths"]["/api/v1/sessions"]["post"]["security"] == []

    def test_leads_nowhere_that_does_not_exist(self, document: Any) -> None:
        for reference in references(document):
            found = document
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]

    def test_bounds_every_text_that_is_sent(self, document: Any) -> None:
        for path, calls in document["paths"].items():
            for method, call in calls.items():
                for schema in sent(document, call):
                    bounded = {"maxLength", "enum", "format", "pattern"} & set(schema)
                    assert "string" not in str(schema["type"]) or bounded, f"{method} {path}: {schema}"

    def test_requires_the_version_of_the_figures(self, document: Any) -> None:
        put = document["paths"]["/api/v1/providers/{provider_id}/capacity"]["put"]
        header = next(found for found in put["parameters"] if found["name"] == "If-Match")
        assert header["required"]
        assert "412" in put["responses"]

    def test_bounds_prices_as_the_rule_does(self, document: Any) -> None:
        price = document["components"]["schemas"]["BedFiguresForm"]["properties"]["weekly_price_from"]
        assert (price["minimum"], price["maximum"]) == (100, 20_000)

    def test_names_every_refusal_of_a_new_password(self, document: Any) -> None:
        assert {"409", "429"} <= document["paths"]["/api/v1/password"]["post"]["responses"].keys()

    def test_says_what_a_search_without_bed_type_finds(self, document: Any) -> None:
        query = document["paths"]["/api/v1/vacancies"]["get"]["parameters"]
        bed_type = next(found for found in query if found["name"] == "bed_type")
        assert "bed type of care homes" in bed_type["description"]

    def test_refusals_have_one_shape(self, document: Any) -> None:
        shape = document["components"]["schemas"]["Problem"]
        assert set(shape["required"]) == {"error", "message", "fields"}


class TestDocs:
    def test_load_nothing_from_elsewhere_and_run_nothing_inline(self, front: Front) -> None:
        page = front.call("GET", "/docs")
        assert page.status_code == 200
        assert "<script>" not in page.text
        assert "http" not in page.text.replace("https://www.w3.org", "")


class TestAssets:
    @pytest.fixture(autouse=True)
    def dist(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "tracker.12345.css").write_text("a{}")
        (tmp_path / "private.txt").write_text("secret")
        (tmp_path / "manifest.json").write_text(json.dumps({"tracker.css": "tracker.12345.css"}))
        monkeypatch.setattr(static, "DIST", tmp_path)
        for cached in (static.manifest, static.names, static.content):
            cached.cache_clear()

    def test_may_be_kept_for_ever(self, front: Front) -> None:
        answer = front.call("GET", "/assets/tracker.12345.css")
        assert answer.text == "a{}"
        assert answer.headers["Content-Type"].startswith("text/css")
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
        plain = front.call("GET", "/assets/tracker.12345.css", headers={"Accept-Encoding": "gzip;q=0"})
        assert (plain.content, "Content-Encoding" in plain.headers) == (b"a{}", False)

    @pytest.mark.parametrize(
        "name",
        ["private.txt", "manifest.json", "../http.py", "%2e%2e/http.py", "/etc/passwd", "tracker.css", ""],
    )
    def test_are_those_of_the_build_and_nothing_else(self, front: Front, name: str) -> None:
        assert front.call("GET", f"/assets/{name}").status_code == 404


class TestEndpoints:
    def test_have_names_of_their_own(self) -> None:
        """Two mixins with a method of one name would silently lose one of them."""
        from gateway import service

        owners: dict[str, str] = {}
        for cls in service.Gateway.__mro__[:-1]:
            for name, method in vars(cls).items():
                if any(
                    isinstance(found, http.Endpoint) for found in getattr(method, "nameko_entrypoints", ())
                ):
                    assert name not in owners, f"{cls.__name__}.{name} hides {owners[name]}.{name}"
                    owners[name] = cls.__name__


def references(value: Any) -> set[str]:
    """Return every reference in the document."""
    if isinstance(value, dict):
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(references(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(references(inner) for inner in value))
    return set()


def sent(document: Any, call: Any) -> list[Any]:
    """Return the schemas of all that a call takes."""
    schemas = [parameter["schema"] for parameter in call.get("parameters", ())]
    if "requestBody" in call:
        reference = call["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schemas += document["components"]["schemas"][reference.rsplit("/", 1)[1]]["properties"].values()
    return schemas
