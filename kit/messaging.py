"""Events between services: the relay that publishes the outbox, and ``@handles`` that consumes.

Delivery is at least once, so every handler is idempotent and says how. A handler that returns has its message
acknowledged; one that raises ``Unavailable`` (or fails in a way we did not foresee) is tried again after a
growing delay kept by the broker; one that raises any other of our errors, or runs out of attempts, leaves a
dead letter. Handlers never catch.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from typing import Any

import eventlet
import sqlalchemy
from eventlet.event import Event as Signal
from nameko import messaging as nameko_messaging
from nameko.extensions import DependencyProvider

from contracts import errors, events
from kit import broker, database, logging, topology

BATCH = 100
"""Messages the relay takes at a time."""

POLL_SECONDS = 1.0
"""How often the relay looks for rows that another process wrote; its own commits wake it at once."""

_TAKE = sqlalchemy.text(
    """
    select id, aggregate_id, name, body, headers, recorded_at from outbox as waiting
    where not exists (
        select from outbox as earlier
        where earlier.aggregate_id = waiting.aggregate_id and earlier.id < waiting.id
    )
    order by id limit :batch for update skip locked
    """
)
_RECORDED_AT = "nameko.recorded_at"
"""The header that says when an event was recorded; Nameko hands it to the worker."""
_DELETE = sqlalchemy.text("delete from outbox where id = any(:ids)")
_LAG = sqlalchemy.text(
    "select coalesce(extract(epoch from now() - min(recorded_at)), 0)::float, count(*) from outbox"
)


class Relay(DependencyProvider):
    """Publishes a service's outbox: ``relay = messaging.Relay(database)`` in the service's class body.

    Several relays on one outbox are safe: a row is taken only when it is the oldest of its aggregate and
    nobody holds it, which also keeps the order within the aggregate.
    """

    def __init__(self, of: database.Database) -> None:
        self.service = of.service
        super().__init__()

    def setup(self) -> None:
        # A connection of its own, so that a busy service cannot keep its events waiting.
        url = os.environ[database.variable(self.service)]
        self.sessions = database.Sessions(database.engine(url, pool_size=1), pool_size=1)
        self.publisher = broker.Publisher()
        self._wanted = Signal()
        self._stopping = False

    def start(self) -> None:
        for dependency in self.container.dependencies:
            if isinstance(dependency, database.Database) and dependency.service == self.service:
                dependency.sessions.after_record.append(self.wake)
        self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        self._stopping = True
        self.wake()

    def get_dependency(self, worker_ctx: Any) -> Relay:
        return self

    def wake(self) -> None:
        """Publish now rather than at the next look."""
        if not self._wanted.ready():
            self._wanted.send()

    def lag(self) -> dict[str, float]:
        """Return how many events wait and for how long the oldest has, in seconds."""
        with self.sessions.reading() as session:
            seconds, waiting = session.execute(_LAG).one()
        return {"seconds": round(seconds, 1), "waiting": waiting}

    def _run(self) -> None:
        declared, pause = False, POLL_SECONDS
        while not self._stopping:
            try:
                if not declared:
                    with broker.connect() as connection:
                        topology.declare(connection.default_channel, publisher=self.service)
                    declared = True
                # Whatever is committed from here on wakes the relay again.
                self._wanted = Signal()
                while self.publish_batch():
                    pass
                pause = POLL_SECONDS
            except (errors.Unavailable, broker.Unroutable, *broker.CONNECTION_ERRORS) as fault:
                logging.warning("relay waits", why=str(fault), seconds=pause)
                declared, pause = False, min(pause * 2, 15)
            except Exception:
                # Last resort: the relay must outlive whatever one row or one reply does to it.
                logging.failure("relay failed")
                declared, pause = False, min(pause * 2, 15)
            with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(pause):
                self._wanted.wait()

    def publish_batch(self) -> int:
        """Publish and delete up to :data:`BATCH` rows, oldest first; return how many.

        :raises errors.Unavailable: when broker or database does not answer.
        :raises broker.Unroutable: when nobody can take what is left.
        """
        published: list[int] = []
        with self.sessions.transaction() as session:
            rows = session.execute(_TAKE, {"batch": BATCH}).all()
            fault: Exception | None = None
            for row in rows:
                try:
                    self._publish(row)
                except broker.Unroutable as refusal:
                    # Nobody can take this one yet (a consumer of a release to come); the others go on.
                    fault = refusal
                    continue
                except errors.Unavailable as refusal:
                    fault = refusal
                    break
                published.append(row.id)
            if published:
                session.execute(_DELETE, {"ids": published})
        if fault and not published:
            raise fault
        return len(published)

    def _publish(self, row: Any) -> None:
        event = events.EVENTS.get(row.name)
        self.publisher.publish(
            row.body,
            exchange=topology.EVENTS,
            routing_key=row.name,
            headers={
                "nameko.call_id": row.headers.get("call_id") or uuid.uuid4().hex,
                _RECORDED_AT: row.recorded_at.isoformat(),
                "event": row.name,
            },
            mandatory=event is None or not event.broadcast,
            message_id=f"{self.service}-{row.id}",
        )


class RecordedAt(DependencyProvider):
    """Injects when the event at hand was recorded (ISO-8601), or ``None`` where its message does not say."""

    def get_dependency(self, worker_ctx: Any) -> str | None:
        recorded_at: str | None = worker_ctx.data.get("recorded_at")
        return recorded_at


class Handler(nameko_messaging.Consumer):
    """The entrypoint behind ``@handles(SomeEvent)``."""

    consumer_cls = broker.Consumer

    def __init__(self, event: type[events.Event], **options: Any) -> None:
        self.event = event
        self.broadcast = event.broadcast
        options.setdefault("expected_exceptions", errors.ALL)
        super().__init__(queue=None, **options)

    def setup(self) -> None:
        consumer = self.container.service_name
        if self.broadcast:
            self.queue = topology.broadcast_queue(consumer, self.event, uuid.uuid4().hex)
        else:
            self.queue = topology.queue(consumer, self.event)
        self.publisher = broker.Publisher()
        super().setup()

    def start(self) -> None:
        self.container.spawn_managed_thread(self._declare)
        super().start()

    def stop(self) -> None:
        super().stop()
        self.publisher.close()

    def _declare(self) -> None:
        while True:
            try:
                with broker.connect() as connection:
                    topology.declare(connection.default_channel)
                return
            except broker.CONNECTION_ERRORS:
                eventlet.sleep(POLL_SECONDS)

    def handle_message(self, body: Any, message: Any) -> None:
        message.received = time.perf_counter()
        try:
            event = self.event.from_dict(body)
        except (TypeError, AttributeError) as fault:
            self._settle(message, errors.Invalid(f"not a {self.event.name}: {fault}"))
            return
        super().handle_message(event, message)

    def handle_result(
        self, message: Any, worker_ctx: Any, result: Any = None, exc_info: Any = None
    ) -> tuple[Any, Any]:
        fault = exc_info[1] if exc_info else None
        milliseconds = round((time.perf_counter() - message.received) * 1000, 1)
        outcome = getattr(fault, "code", "failed") if fault else "ok"
        logging.event("handled", name=self.event.name, outcome=outcome, ms=milliseconds)
        self._settle(message, fault)
        return result, exc_info

    def _settle(self, message: Any, fault: BaseException | None) -> None:
        """Acknowledge the message once it is handled, or once a copy of it is safe elsewhere."""
        if fault is not None:
            try:
                self._set_aside(message, fault)
            except (errors.Unavailable, broker.Unroutable):
                eventlet.sleep(POLL_SECONDS)
                self.consumer.requeue_message(message)
                return
        self.consumer.ack_message(message)

    def _set_aside(self, message: Any, fault: BaseException) -> None:
        if self.broadcast:
            return
        tries = int(message.headers.get("tries", 0)) + 1
        ours = isinstance(fault, errors.Error)
        may_pass = isinstance(fault, errors.Unavailable) or not ours
        headers = {
            "nameko.call_id": message.headers.get("nameko.call_id", ""),
            _RECORDED_AT: message.headers.get(_RECORDED_AT),
            "event": self.event.name,
            "queue": self.queue.name,
            "tries": tries,
            # Only our own errors are made of words for people; others may quote what they failed on.
            "error": f"{type(fault).__name__}: {fault}"[:500] if ours else type(fault).__name__,
        }
        if may_pass and tries <= len(topology.RETRY_DELAYS):
            where = topology.retry_name(topology.RETRY_DELAYS[tries - 1])
        else:
            where = topology.DEAD_LETTERS
            logging.warning("dead letter", name=self.event.name, error=headers["error"])
        self.publisher.publish(
            message.payload,
            exchange=where,
            routing_key=self.queue.name,
            headers=headers,
            mandatory=True,
            message_id=message.properties.get("message_id"),
        )


handles = Handler.decorator
