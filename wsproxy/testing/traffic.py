"""What has passed, in memory, for tests that look at it and wait for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from wsproxy.faults.registry import strike_marks
from wsproxy.filters.language import parse, parse_passing
from wsproxy.filters.subject import Subject, subject_of
from wsproxy.model.batches import Batch
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import ConnectionRecord, FaultRecord, FrameRecord, MessageRecord
from wsproxy.payloads.decoded import Decoded
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings, describe
from wsproxy.payloads.waits import Wait, asks
from wsproxy.protocol.frames import Opcode, opcode_name
from wsproxy.render.text import preview


@dataclass(frozen=True, slots=True)
class Seen:
    """A message, or a control frame, that passed."""

    connection: int
    direction: str
    """`upstream` (from the client to the server) or `downstream`."""
    time: float
    """Seconds since the epoch."""
    opcode: str
    """`text`, `binary`, `close`, `ping`, `pong`."""
    content: bytes
    """As it came, inflated; the first MiB of it."""
    verdict: str
    """`relayed`, `changed`, `dropped` or `injected`."""
    sent: bytes | None
    """What went on in its place, if it was changed."""
    subject: Subject
    """As filters see it."""
    decoded: tuple[Decoded, ...] = ()
    """What decoders make of it (docs/decoders.md), a packet each."""
    latency: float | None = None
    """Seconds since the request, if it answers one."""

    @property
    def text(self) -> str:
        """The content as text; raises UnicodeDecodeError."""
        return self.content.decode()

    def json(self) -> Any:
        """The content as JSON; raises ValueError."""
        return json.loads(self.content)

    @property
    def is_control(self) -> bool:
        return self.subject.opcode >= Opcode.CLOSE

    def __str__(self) -> str:
        arrow = "->" if self.direction == "upstream" else "<-"
        said = preview(self.subject.opcode, self.content)
        verdict = "" if self.verdict == "relayed" else f" [{self.verdict}]"
        return f"#{self.connection} {arrow} {self.opcode} {said}{verdict}"


class SeenList(list[Seen]):
    """Messages in the order they passed."""

    def where(self, match: str) -> SeenList:
        """Those that pass a filter (docs/filters.md); raises FilterError."""
        matches = parse(match).matches
        return SeenList(seen for seen in self if matches(seen.subject))

    @property
    def texts(self) -> list[str]:
        """Their contents as text."""
        return [seen.text for seen in self]


class Tape:
    """A Watcher that keeps everything."""

    def __init__(self, rules: Sequence[DecodeRule] = ()) -> None:
        self.seen: list[Seen] = []
        self.frames: list[FrameRecord] = []
        self.faults: list[FaultRecord] = []
        self.http: list[HttpRecord] = []
        self.connections: dict[int, ConnectionRecord] = {}
        self._sayings = Sayings(self.connections.get, rules)
        self._news: set[asyncio.Event] = set()
        self._waiting: list[tuple[Seen, Wait]] = []

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """Keep it (there is one record a connection, which changes)."""
        self.connections[connection.id] = connection

    def passed(self, batch: Batch) -> None:
        """Keep them, and tell those who wait."""
        for frame_id, record, message, faults, _ in batch.seen():
            self.frames.append(record)
            if record.frame.is_control or record.frame.fin:
                self.seen.append(self._seen(frame_id, record, message, faults))
        self.faults += batch.faults
        self.http += batch.http
        for event in self._news:
            event.set()

    async def wait_for(self, match: str, timeout: float, count: int) -> Seen:  # noqa: ASYNC109
        """The `count`-th that passes a filter; raises TimeoutError, FilterError."""
        matches = parse_passing(match).matches
        event = asyncio.Event()
        wanted = count
        self._news.add(event)
        try:
            async with asyncio.timeout(timeout):
                looked = 0
                while True:
                    for seen in self.seen[looked:]:
                        count -= matches(seen.subject)
                        if count <= 0:
                            return seen
                    looked = len(self.seen)
                    event.clear()
                    await event.wait()
        except TimeoutError:
            raise TimeoutError(self._instead(match, timeout, wanted, wanted - count)) from None
        finally:
            self._news.discard(event)

    def settle(self, now: float) -> None:
        """Tell requests how long they have waited for their answers (`~unanswered`)."""
        for seen, wait in self._waiting:
            seen.subject.waited = wait.seconds(now)
        self._waiting = [(seen, wait) for seen, wait in self._waiting if not wait.settled]

    def _instead(self, match: str, timeout: float, wanted: int, found: int) -> str:
        last: Iterable[str] = map(str, self.seen[-10:])
        passed = f"; of {len(self.seen)} that did, the last: " + ", ".join(last)
        what = (
            f"nothing that matches {match!r}"
            if not found
            else (f"only {found} of {wanted} that match {match!r}")
        )
        instead = passed if self.seen else "; nothing passed at all"
        means = parse(match).explain()
        return f"{what} passed within {timeout:g} s{instead}; {match!r} means: {means}"

    def _seen(
        self,
        frame_id: int,
        record: FrameRecord,
        message: MessageRecord | None,
        faults: Sequence[FaultRecord],
    ) -> Seen:
        connection = self.connections.get(record.connection_id)
        subject = subject_of(record, message, connection, strike_marks(faults))
        said = self._sayings.of(frame_id, record, message)
        packets = said.packets if said is not None else ()
        describe(subject, packets)
        seen = Seen(
            record.connection_id,
            record.direction.name.lower(),
            record.time,
            opcode_name(subject.opcode),
            subject.payload,
            subject.verdict,
            message.sent if message is not None else None,
            subject,
            packets,
            said.latency if said is not None else None,
        )
        exchanges = asks(said) if said is not None else ()
        if said is not None and exchanges:
            self._waiting.append((seen, Wait(record.connection_id, said, exchanges)))
        return seen
