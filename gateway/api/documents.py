"""The API's own description, for programs and for people."""

from __future__ import annotations

import html

from gateway import answers, http, openapi, static

DOCS = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Capacity Tracker API</title>
<link rel="icon" href="{icon}" type="image/svg+xml">
<link rel="stylesheet" href="{style}">
</head>
<body>
<div id="docs"><p>The API is described in <a href="/openapi.json">openapi.json</a>.</p></div>
<script src="{bundle}" defer></script>
<script src="{start}" defer></script>
</body>
</html>
"""


class Documents:
    """Addresses where the API describes itself."""

    @http.plain("GET", "/openapi.json")
    @http.plain("GET", "/api/v1/openapi.json")
    def get_document(self, request: http.Request) -> answers.Json:
        """Give the OpenAPI document."""
        service: type = type(self)
        return answers.json(200, openapi.document(service), [("Cache-Control", "public, max-age=300")])

    @http.plain("GET", "/docs")
    def get_docs(self, request: http.Request) -> http.Page:
        """Show the API, to read and to try."""
        return http.Page(
            DOCS.format(
                icon=_asset("mark.svg"),
                style=_asset("swagger-ui.css"),
                bundle=_asset("swagger-ui-bundle.js"),
                start=_asset("docs.js"),
            )
        )


def _asset(name: str) -> str:
    return html.escape(f"/assets/{static.manifest().get(name, name)}")
