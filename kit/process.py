"""Run one service as a process: ``python -m kit.process services.providers.service:Providers``."""

# ruff: noqa: E402 -- the environment must be ready before eventlet, and the sockets green before all else.
from __future__ import annotations

import argparse
import os

_parser = argparse.ArgumentParser(description=__doc__)
_parser.add_argument("target", help="module:Class")
_parser.add_argument("--hub", help="eventlet hub to use instead of the default, for example asyncio")
_arguments = _parser.parse_args()

if _arguments.hub:
    os.environ["EVENTLET_HUB"] = _arguments.hub
os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"

import eventlet

eventlet.monkey_patch()

import gc
import importlib
import signal
import sys

import nameko
from nameko import runners

from kit import broker, logging, settings

MAX_WORKERS = 100
"""Calls and events one process works on at a time; the database pool bounds what they do at once."""


def main() -> None:
    """Run until told to stop; SIGTERM lets what is under way finish."""
    module, _, name = _arguments.target.partition(":")
    nameko.config.setup(
        {
            "AMQP_URI": broker.uri(),
            "WEB_SERVER_ADDRESS": os.environ.get("GATEWAY_ADDRESS", "127.0.0.1:8000"),
            "max_workers": MAX_WORKERS,
            "HEARTBEAT": 20,
        }
    )
    service = getattr(importlib.import_module(module), name)
    logging.configure(service.name)
    runner = runners.ServiceRunner()
    runner.add_service(service)
    signal.signal(signal.SIGTERM, lambda *_: eventlet.spawn_n(runner.stop))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN if os.environ.get("SUPERVISED") else signal.default_int_handler
    )
    try:
        runner.start()
    except settings.Missing as missing:
        sys.exit(str(missing))
    logging.event("started", pid=os.getpid())
    # What start-up built lives as long as the process; the collector need not look at it again.
    gc.collect()
    gc.freeze()
    eventlet.spawn(runner.wait).wait()


main()
