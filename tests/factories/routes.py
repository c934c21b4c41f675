"""Every page of the gateway, taken from its entrypoints: a new page that no test visits is noticed."""

from __future__ import annotations

import inspect

from gateway import http, service

NOT_PAGES = (
    "/assets/",
    "/health/",
    "/metrics",
    "/openapi.json",
    "/api/",
    "/audit.csv",
    "/providers.csv",
    "/providers.xlsx",
    "/bulk/template/",
    "/bulk/<upload_id>/errors.xlsx",
    "/exports/<export_id>/file",
    "/open-data/",
    "/public/vacancies/<code>.",
    "/find/points",
)


def shown() -> list[str]:
    """Return the addresses that show a page, with the names of their parts: ``/providers/<provider_id>``."""
    return _pages(every("GET", http.Endpoint))


def sent() -> list[str]:
    """Return the addresses that take a form."""
    return _pages(every("POST", http.PageEndpoint))


def every(method_name: str, kind: type[http.Endpoint]) -> list[str]:
    """Return the addresses of a kind that take a method."""
    found = set()
    for _, method in inspect.getmembers(service.Gateway, inspect.isfunction):
        for endpoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(endpoint, kind) and method_name in endpoint.methods:
                found.add(endpoint.path.replace("<id:", "<"))
    return sorted(found)


def _pages(paths: list[str]) -> list[str]:
    return [path for path in paths if not path.startswith(NOT_PAGES)]
