"""The private RabbitMQ: its own ports, its own password, back after a power cut, and gone when stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kombu
import psutil
import pytest

from deploy.local import broker
from tests.factories import servers


@pytest.fixture(scope="module")
def private() -> Iterator[broker.Broker]:
    folder = servers.scratch("broker")
    private = broker.prepare(folder / "data", logs=folder, password="secret", virtual_hosts=["/", "other"])
    private.server.start()
    private.server.wait_ready(seconds=90)
    yield private
    private.server.stop()
    private.mapper.stop()


def connect(uri: str) -> None:
    with kombu.Connection(uri, connect_timeout=5, transport_options={"max_retries": 1}) as connection:
        connection.connect()


class TestBroker:
    def test_has_the_virtual_hosts_it_was_asked_for(self, private: broker.Broker) -> None:
        connect(private.uri())
        connect(private.uri("other"))

    def test_refuses_the_well_known_password(self, private: broker.Broker) -> None:
        with pytest.raises(Exception, match="ACCESS_REFUSED"):
            connect(private.uri().replace("tracker:secret", "guest:guest"))

    def test_listens_on_the_loopback_address_only(self, private: broker.Broker) -> None:
        sockets = [
            found.laddr.ip
            for child in (private.server, private.mapper)
            for found in psutil.Process(child.pid).net_connections(kind="tcp")
            if found.status == psutil.CONN_LISTEN
        ]

        assert len(sockets) >= 3
        assert set(sockets) <= {"127.0.0.1", "::1"}

    def test_comes_back_after_a_power_cut_with_what_was_confirmed(self, private: broker.Broker) -> None:
        queue = kombu.Queue("kept", durable=True)
        options = {"confirm_publish": True}
        with kombu.Connection(private.uri(), transport_options=options) as connection:
            kombu.Producer(connection).publish("hello", routing_key="kept", declare=[queue], delivery_mode=2)

        private.server.kill()
        private.server.start()
        private.server.wait_ready(seconds=90)

        with kombu.Connection(private.uri()) as connection:
            message = queue(connection.default_channel).get()
        assert message is not None
        assert message.payload == "hello"

    def test_leaves_no_process_behind(self, private: broker.Broker) -> None:
        started = [psutil.Process(private.server.pid), psutil.Process(private.mapper.pid)]
        started += started[0].children(recursive=True)

        private.server.stop()
        private.mapper.stop()

        _, alive = psutil.wait_procs(started, timeout=5)
        assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


class TestMissing:
    def test_rabbitmq_is_told_with_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(broker, "SERVERS", ())

        with pytest.raises(broker.NotInstalled, match=r"apt-get install rabbitmq-server.*AMQP_URI"):
            broker.prepare(tmp_path, logs=tmp_path, password="secret")
