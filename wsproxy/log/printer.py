"""Printing frames as they pass, on a thread of its own, so that no slow terminal slows the relay."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import islice
from queue import SimpleQueue

from wsproxy.faults.registry import strike_marks
from wsproxy.filters.language import Filter
from wsproxy.filters.subject import subject_of
from wsproxy.log.output import Output, Unbuffered
from wsproxy.model.batches import Batch
from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.payloads.http import HttpSayings
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Said, Sayings, describe
from wsproxy.relay.interfaces import Clock
from wsproxy.render.http import http_line, http_object
from wsproxy.render.jsonl import connection_object, dump, fault_object, frame_object
from wsproxy.render.order import Told, in_order
from wsproxy.render.pretty import (
    When,
    clock,
    connection_lines,
    fault_line,
    frame_line,
    message_line,
)
from wsproxy.render.text import PREVIEW

LINES_A_SECOND = 4000
"""How many frames are printed while traffic goes on; more would take the relay's time."""

BURST = 20_000
"""How many may be printed at once after a quiet time."""

WAITING_BYTES = 16 * 1024 * 1024
"""Bytes of batches, payloads included, that may wait to be printed before frames are left out."""

WAITING_JOBS = 50_000
"""Jobs that may wait to be printed before connections that are new are left out."""

_log = logging.getLogger(__name__)

Job = Callable[[], list[str] | None]


class Decoding:
    """What all forms know of the connections, to have their messages decoded."""

    def __init__(self, rules: Sequence[DecodeRule]) -> None:
        self._connections: dict[int, ConnectionRecord] = {}
        self.sayings = Sayings(self._connections.get, rules)
        self.http_sayings = HttpSayings(rules)

    def meet(self, connection: ConnectionRecord) -> None:
        """What follows may be of this connection."""
        self._connections[connection.id] = connection

    def met(self, connection_id: int) -> ConnectionRecord | None:
        """A connection that has not ended."""
        return self._connections.get(connection_id)

    def forget(self, connection_id: int) -> None:
        """The connection has ended."""
        self._connections.pop(connection_id, None)
        self.sayings.forget(connection_id)


class Pretty(Decoding):
    """Lines for people."""

    def __init__(
        self,
        *,
        colour: bool,
        width: int = PREVIEW,
        rules: Sequence[DecodeRule] = (),
        when: When = clock,
    ) -> None:
        """`width`: characters that a line shows of what a message says; 0 for all."""
        super().__init__(rules)
        self._colour = colour
        self._width = width
        self._when = when

    def frame(self, seen: Seen, said: Said | None) -> str:
        """A frame, and what the message says that it ends."""
        return self._line(frame_line, seen, said)

    def message(self, seen: Seen, said: Said | None) -> str:
        """A message, by the frame that ends it."""
        return self._line(message_line, seen, said)

    def fault(self, record: FaultRecord) -> str:
        """A strike of a fault."""
        return fault_line(record, colour=self._colour, when=self._when)

    def http(self, record: HttpRecord) -> str:
        """A request of plain HTTP and its answer."""
        said = self.http_sayings.of(record)
        return http_line(record, said, colour=self._colour, width=self._width, when=self._when)

    def connection(self, connection: ConnectionRecord) -> list[str]:
        """That a connection opened, or how it ended."""
        return connection_lines(connection, colour=self._colour, when=self._when)

    def left_out(self, frames: int, connections: int) -> str:
        """How much is not shown."""
        parts = [f"{frames:,} frames"] if frames or not connections else []
        parts += [f"{connections:,} connections"] if connections else []
        return f"… {' and '.join(parts)} not shown here (the capture has them)"

    def _line(self, line: Callable[..., str], seen: Seen, said: Said | None) -> str:
        return line(
            seen.record,
            seen.message,
            colour=self._colour,
            said=said,
            width=self._width,
            when=self._when,
        )


class Jsonl(Decoding):
    """Objects for programs."""

    def __init__(self, rules: Sequence[DecodeRule] = ()) -> None:
        super().__init__(rules)

    def frame(self, seen: Seen, said: Said | None) -> str:
        """A frame, and what the message says that it ends."""
        return dump(frame_object(seen.id, seen.record, seen.message, said))

    message = frame

    def fault(self, record: FaultRecord) -> str:
        """A strike of a fault."""
        return dump(fault_object(record))

    def http(self, record: HttpRecord) -> str:
        """A request of plain HTTP and its answer."""
        return dump(http_object(record, self.http_sayings.of(record)))

    def connection(self, connection: ConnectionRecord) -> list[str]:
        """That a connection opened, or how it ended."""
        if connection.status is None and connection.end is None:
            return []
        return [dump(connection_object(connection))]

    def left_out(self, frames: int, connections: int) -> str:
        """How much is not shown."""
        return dump({"event": "left_out", "frames": frames, "connections": connections})


class Printer:
    """A Watcher that prints. Its methods are called on the event loop and only queue."""

    def __init__(
        self,
        lines: Pretty | Jsonl,
        clock: Clock,
        stream: Output | None = None,
        wanted: Filter | None = None,
    ) -> None:
        """`stream`: standard output, unless another is given. `wanted`: which frames are printed;
        faults and requests of plain HTTP are none.
        """
        self._wanted = wanted
        self._lines = lines
        self._clock = clock
        self._stream = stream or Unbuffered(sys.stdout)
        self._allowance = float(BURST)
        self._last = clock.time()
        self._left_out = 0
        self._left_out_connections = 0
        self._met: set[int] = set()
        self._gone = False
        self._pending = 0
        self._pending_bytes = 0
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._print_all, name="log", daemon=True)
        self._thread.start()

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """Print that a connection opened or ended."""
        if self._gone:
            return
        number = connection.id
        if number not in self._met:
            if self._queue.qsize() >= WAITING_JOBS:
                self._left_out_connections += connection.end is not None
                return
            self._met.add(number)
            self._queue.put(lambda: self._lines.meet(connection))
        lines = self._lines.connection(connection)
        if lines:
            self._queue.put(lambda: lines)
        if connection.end is not None:
            self._met.discard(number)
            self._queue.put(lambda: self._lines.forget(number))

    def passed(self, batch: Batch) -> None:
        """Print frames, or count them where there are too many."""
        count = batch.block.count + len(batch.faults) + len(batch.http)
        now = self._clock.time()
        earned = max(now - self._last, 0) * LINES_A_SECOND
        self._allowance = min(self._allowance + earned, BURST)
        self._last = now
        with self._lock:
            # What still waits to be printed counts too: a terminal may be slower than that.
            shown = max(min(count, int(self._allowance), BURST - self._pending), 0)
            # A batch is kept whole until its lines are made, even where few of them are wanted.
            if self._pending_bytes and self._pending_bytes + batch.weight > WAITING_BYTES:
                shown = 0
            if shown:
                self._pending += shown
                self._pending_bytes += batch.weight
        self._allowance -= shown
        if shown:
            left_out = self._take_left_out()
            self._queue.put(lambda: self._frames(batch, shown, left_out))
        self._left_out += count - shown

    def close(self) -> None:
        """Print what is queued, unless nobody takes it, and stop."""
        line = self._take_left_out()
        self._queue.put(lambda: line)
        self._queue.put(None)
        self._thread.join(timeout=2.0)

    def _take_left_out(self) -> list[str]:
        """The line that says what was left out so far; none if that is nothing."""
        frames, self._left_out = self._left_out, 0
        connections, self._left_out_connections = self._left_out_connections, 0
        return [self._lines.left_out(frames, connections)] if frames or connections else []

    # From here on: the printer's thread.

    def _frames(self, batch: Batch, shown: int, left_out: list[str]) -> list[str]:
        lines = left_out
        for told in islice(in_order(batch.seen(), batch.faults, batch.http), shown):
            try:
                line = self._line(told)
            except Exception:  # noqa: BLE001 - a bug there ends no log
                _log.exception("a line of the log is missing")
                continue
            if line is not None:
                lines.append(line)
        with self._lock:
            self._pending -= shown
            self._pending_bytes -= batch.weight
        return lines

    def _line(self, told: Told) -> str | None:
        if not isinstance(told, Seen):
            if self._wanted is not None:
                return None
            if isinstance(told, HttpRecord):
                return self._lines.http(told)
            return self._lines.fault(told)
        said = self._lines.sayings.of(told.id, told.record, told.message)
        if self._wanted is not None:
            connection = self._lines.met(told.record.connection_id)
            marks = strike_marks(told.faults)
            subject = subject_of(told.record, told.message, connection, marks, told.note)
            if not self._wanted.matches(describe(subject, said.packets if said else ())):
                return None
        return self._lines.frame(told, said)

    def _print_all(self) -> None:
        while (job := self._queue.get()) is not None:
            lines = job()
            if not lines:
                continue
            try:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self._gone = True
                return  # nobody listens any more, as after `| head`
