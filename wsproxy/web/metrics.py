"""Metrics for Prometheus; docs/fleet.md lists them. This file is imported with the extra only.

Counting is done on the relay's loop, a batch at a time. How fast requests are answered is told by
decoders, on a thread of its own and as far as it can follow: what it had to pass over is counted.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from queue import SimpleQueue

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.model.batches import Batch
from wsproxy.model.records import ConnectionRecord, Counted, Direction
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings
from wsproxy.protocol.frames import FIN, OPCODE
from wsproxy.relay.interfaces import Clock

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

MAX_SERIES = 200
"""Pairs of protocol and kind that have a histogram; further ones share `other`."""

DECODED_BYTES = 1024
"""Of each content, to know what it answers."""

MAX_WAITING = 5000
"""Frames that wait to be decoded; those of later batches are passed over."""

LAG_SECONDS = 0.5
"""How often the event loop is asked how late it is."""

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_ENDS_MESSAGE = bytes(bool(byte & FIN and byte & OPCODE < 8) for byte in range(256))

_NAMES = [direction.name.lower() for direction in Direction]


class Metrics:
    """A Watcher that counts."""

    def __init__(
        self,
        clock: Clock,
        values: Callable[[], dict[str, tuple[str, float]]],
        rules: Sequence[DecodeRule] = (),
        *,
        timed: bool = False,
    ) -> None:
        """`values` gives gauges when somebody asks: by name, what each is and its value. `timed`:
        answers are timed from now on; else from the first call of `text` on, for it takes a thread
        that decodes everything.
        """
        self._clock = clock
        self._values = values
        self._registry = registry = CollectorRegistry()
        self._ended = Counter(
            "wsproxy_connections", "Connections that ended", ["end", "code"], registry=registry
        )
        self._frames = Counter(
            "wsproxy_frames", "Frames that passed", ["direction"], registry=registry
        )
        self._messages = Counter(
            "wsproxy_messages", "Messages that passed", ["direction"], registry=registry
        )
        self._bytes = Counter(
            "wsproxy_recorded_bytes",
            "Bytes of frames that were recorded, headers included",
            ["direction"],
            registry=registry,
        )
        self._violations = Counter(
            "wsproxy_violations", "Breaches of the protocol", ["rule"], registry=registry
        )
        self._strikes = Counter("wsproxy_faults", "Faults that struck", ["type"], registry=registry)
        self._answers = Histogram(
            "wsproxy_answer_seconds",
            "From a request to its answer",
            ["protocol", "kind"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._passed_over = Counter(
            "wsproxy_answers_passed_over",
            "Frames that came too fast to be looked at for wsproxy_answer_seconds",
            registry=registry,
        )
        self._lag = Gauge(
            "wsproxy_loop_lag_seconds", "How late the relay's event loop is", registry=registry
        )
        registry.register(self)
        self._series: set[tuple[str, str]] = set()
        self._connections: dict[int, ConnectionRecord] = {}
        self._sayings = Sayings(self._connections.get, rules, DECODED_BYTES)
        self._waiting = 0
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._cancel: Callable[[], None] = lambda: None
        self._left_out: Mapping[str, Counted] = {}
        self._look()
        if timed:
            self._time_answers()

    def collect(self) -> Iterator[Metric]:
        """The gauges that are asked for when somebody wants them (a collector's method)."""
        for name, (what, value) in self._values().items():
            yield GaugeMetricFamily(f"wsproxy_{name}", what, value=value)
        for unit in Counted._fields:
            lacking = GaugeMetricFamily(
                f"wsproxy_left_out_{unit}",
                "What passed and the capture does not have",
                labels=["why"],
            )
            for why, counted in self._left_out.items():
                lacking.add_metric([why], getattr(counted, unit))
            yield lacking

    def text(self, left_out: Mapping[str, Counted]) -> bytes:
        """All metrics, in the format of Prometheus. `left_out`: what the capture lacks, by reason."""
        self._left_out = left_out
        if self._thread is None:
            self._time_answers()
        return generate_latest(self._registry)

    def close(self) -> None:
        """Count no more."""
        self._cancel()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    # As a Watcher.

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """A connection was opened, answered or ended."""
        end = connection.end
        if end is None:
            self._queue_if_timed(lambda: self._meet(connection))
            return
        self._ended.labels(end.how, _code(end.code)).inc()
        self._queue_if_timed(lambda: self._forget(connection.id))

    def passed(self, batch: Batch) -> None:
        """Frames passed, faults struck."""
        columns = batch.block.columns
        whole = columns.firsts.tobytes().translate(_ENDS_MESSAGE)
        down = sum(compress(columns.directions(), whole))
        for direction, messages in enumerate((sum(whole) - down, down)):
            name = _NAMES[direction]
            passed = [both for key, both in batch.traffic.items() if key & 1 == direction]
            self._frames.labels(name).inc(sum(frames for frames, _ in passed))
            self._bytes.labels(name).inc(sum(size for _, size in passed))
            self._messages.labels(name).inc(messages)
        broken = [note.violations for note in batch.block.notes.values()]
        broken += [message.violations for message in batch.messages]
        for rule, count in Tally(one.rule for some in broken for one in some).items():
            self._violations.labels(rule).inc(count)
        for fault in batch.faults:
            self._strikes.labels(fault.type if fault.type in FAULT_TYPES else "other").inc()
        if self._thread is not None and batch.block.count:
            if self._waiting > MAX_WAITING:
                self._passed_over.inc(batch.block.count)
            else:
                self._waiting += batch.block.count
                self._queue.put(lambda: self._time(batch))

    def _look(self) -> None:
        due = self._clock.time() + LAG_SECONDS

        def looked() -> None:
            self._lag.set(max(self._clock.time() - due, 0.0))
            self._look()

        self._cancel = self._clock.call_later(LAG_SECONDS, looked)

    def _queue_if_timed(self, work: Callable[[], None]) -> None:
        if self._thread is not None:
            self._queue.put(work)

    def _time_answers(self) -> None:
        self._thread = threading.Thread(target=self._decode_all, name="metrics", daemon=True)
        self._thread.start()

    # From here on: the thread.

    def _decode_all(self) -> None:
        while (work := self._queue.get()) is not None:
            work()

    def _meet(self, connection: ConnectionRecord) -> None:
        self._connections[connection.id] = connection

    def _forget(self, number: int) -> None:
        self._connections.pop(number, None)
        self._sayings.forget(number)

    def _time(self, batch: Batch) -> None:
        self._waiting -= batch.block.count
        for seen in batch.seen():
            said = self._sayings.of(seen.id, seen.record, seen.message)
            if said is None or said.latency is None:
                continue
            series = (said.packets[0].protocol, said.packets[0].kind)
            if series not in self._series:
                if len(self._series) >= MAX_SERIES:
                    series = ("other", "other")
                self._series.add(series)
            self._answers.labels(*series).observe(said.latency)


def _code(code: int | None) -> str:
    """A close code or status as a label; those of applications share one for each thousand."""
    if code is None:
        return ""
    if 3000 <= code <= 4999:
        return f"{code // 1000}xxx"
    return str(code) if 100 <= code < 3000 else "other"
