"""The floor: HTTP → call → HTTP with nothing in between, over our calls and over Nameko's own."""

from __future__ import annotations

from typing import Any

from nameko.rpc import ServiceRpc
from nameko.rpc import rpc as stock_rpc
from nameko.web.handlers import http

from contracts import permissions
from kit import rpc


class TunedEcho:
    name = "tuned_echo"

    @rpc.entrypoint(may=permissions.PUBLIC)
    def echo(self, *, text: str) -> dict[str, str]:
        return {"text": text}


class TunedFront:
    name = "tuned_front"
    echo = rpc.Service("tuned_echo")

    @http("GET", "/echo")
    def get(self, request: Any) -> str:
        return str(self.echo.echo(text="hello")["text"])

    @http("GET", "/bare")
    def bare(self, request: Any) -> str:
        return "hello"


class StockEcho:
    name = "stock_echo"

    @stock_rpc
    def echo(self, text: str) -> dict[str, str]:
        return {"text": text}


class StockFront:
    name = "stock_front"
    echo = ServiceRpc("stock_echo")

    @http("GET", "/echo")
    def get(self, request: Any) -> str:
        return str(self.echo.echo(text="hello")["text"])
