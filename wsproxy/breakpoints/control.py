"""Breakpoints: messages that match wait until somebody lets them go, changed or not."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from wsproxy.filters.language import Filter, parse, parse_passing
from wsproxy.filters.subject import subject_of_in_flight
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.payloads.sayings import InFlightSayings
from wsproxy.protocol.frames import Opcode, opcode_name
from wsproxy.relay.interfaces import Clock, LiveConnection

DEFAULT_TIMEOUT = 60.0
"""Seconds that a message waits at most, where a breakpoint says nothing else."""

SHOWN = 16 * 1024
"""Bytes of what waits that a list has; `content` has all."""

LISTED = 100
"""How many of those that wait are listed; the others come up when these have gone."""

MAX_HELD = 1000
"""How many may wait at once; what comes then passes, or a busy app would pile up here."""

CAUSE = "breakpoint"


@dataclass(slots=True)
class Breakpoint:
    """What is stopped."""

    number: int
    filter: Filter
    direction: Direction | None = None
    """None: both."""
    connection: int | None = None
    control: bool = False
    """Whether control frames stop too."""
    timeout: float = DEFAULT_TIMEOUT
    at_timeout: str = "forward"
    """What becomes then of what waits: `forward` or `drop`."""
    enabled: bool = True
    hits: int = 0

    def as_object(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "filter": self.filter.source,
            "explanation": self.filter.explain(),
            "direction": self.direction.name.lower() if self.direction is not None else None,
            "connection": self.connection,
            "control": self.control,
            "timeout": self.timeout,
            "at_timeout": self.at_timeout,
            "enabled": self.enabled,
            "hits": self.hits,
        }

    def may_stop(self, connection: int, direction: Direction) -> bool:
        """Whether it stops anything there."""
        return (
            self.enabled
            and self.direction in (None, direction)
            and self.connection in (None, connection)
        )


@dataclass(slots=True, eq=False)
class Held:
    """A message that waits."""

    number: int
    breakpoint: Breakpoint
    connection: int
    in_flight: InFlightMessage
    until: float
    """When it goes on by itself, in seconds since the epoch."""
    waiting: Callable[[], int] = lambda: 0
    """Bytes that wait in its lane, its own among them."""
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def as_object(self) -> dict[str, Any]:
        in_flight = self.in_flight
        content = in_flight.content
        return {
            "id": self.number,
            "breakpoint": self.breakpoint.number,
            "connection": self.connection,
            "direction": in_flight.direction.name.lower(),
            "time": in_flight.time,
            "until": self.until,
            "opcode": opcode_name(in_flight.opcode),
            "message": in_flight.number,
            "readable": in_flight.readable,
            "content_length": len(content),
            "behind": max(self.waiting() - len(in_flight.wire) - len(content), 0),
            "text": in_flight.opcode == Opcode.TEXT and in_flight.readable,
            "base64": base64.b64encode(content[:SHOWN]).decode(),
        }


class Breakpoints:
    """All breakpoints of a proxy: an Interception, and a BreakpointControl."""

    def __init__(self, clock: Clock, sayings: InFlightSayings | None = None) -> None:
        """`sayings` tells filters what messages say."""
        self._clock = clock
        self.sayings = sayings if sayings is not None else InFlightSayings()
        self._breakpoints: dict[int, Breakpoint] = {}
        self._held: dict[int, Held] = {}
        self._stops: dict[LiveConnection, _Stop] = {}
        self._next = 1
        self._next_held = 1
        self._callbacks: list[Callable[[], None]] = []

    # As an Interception.

    def attach(self, live: LiveConnection) -> _Stop:
        """A connection was opened."""
        stop = self._stops[live] = _Stop(self, live)
        return stop

    # As a BreakpointControl.

    def breakpoints(self) -> list[dict[str, Any]]:
        """All breakpoints, each with how often it was hit."""
        return [each.as_object() for each in self._breakpoints.values()]

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add a breakpoint; raises ValueError that says which field is wrong."""
        fields = _checked(spec)
        fields.setdefault("filter", parse(""))
        added = Breakpoint(self._next, **fields)
        self._next += 1
        self._breakpoints[added.number] = added
        self._reconsider()
        return added.as_object()

    def change(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields, `enabled` among them; raises KeyError, ValueError."""
        changed = self._breakpoints[number]
        for name, value in _checked(changes).items():
            setattr(changed, name, value)
        if not changed.enabled:
            self._release(changed)
        self._reconsider()
        return changed.as_object()

    def remove(self, number: int) -> None:
        """Remove a breakpoint, and let go what waits at it; raises KeyError."""
        self._release(self._breakpoints.pop(number))
        self._reconsider()

    def held(self) -> list[dict[str, Any]]:
        """What waits, in both directions, the oldest first."""
        return [held.as_object() for held in islice(self._held.values(), LISTED)]

    def content(self, number: int) -> bytes:
        """All of what one that waits holds; raises KeyError."""
        return self._held[number].in_flight.content

    def forward(self, number: int, content: bytes | None = None) -> None:
        """Let it go, with other content or as it is; raises KeyError."""
        held = self._held[number]
        if content is not None:
            held.in_flight.change(content, CAUSE)
        self._let_go(held)

    def drop(self, number: int) -> None:
        """Let it go nowhere; raises KeyError."""
        held = self._held[number]
        held.in_flight.drop(CAUSE)
        self._let_go(held)

    def forward_all(self, direction: Direction | None = None) -> int:
        """Let all go that wait in a direction, or in both; returns how many."""
        waiting = [h for h in self._held.values() if direction in (None, h.in_flight.direction)]
        for held in waiting:
            self._let_go(held)
        return len(waiting)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` when anything of this is no longer what it was."""
        self._callbacks.append(callback)

    # For _Stop.

    def stopping(self, connection: int, direction: Direction) -> list[Breakpoint]:
        """The breakpoints that may stop something there."""
        return [b for b in self._breakpoints.values() if b.may_stop(connection, direction)]

    async def hold(
        self, breakpoint_: Breakpoint, live: LiveConnection, in_flight: InFlightMessage
    ) -> None:
        """Wait until it is let go."""
        until = self._clock.time() + breakpoint_.timeout
        held = Held(
            self._next_held,
            breakpoint_,
            live.connection.id,
            in_flight,
            until,
            lambda: live.waiting(in_flight.direction),
        )
        self._next_held += 1
        breakpoint_.hits += 1
        self._held[held.number] = held
        cancel = self._clock.call_later(breakpoint_.timeout, lambda: self._too_late(held))
        self._changed()
        try:
            await held.released.wait()
        finally:
            cancel()
            if self._held.pop(held.number, None) is not None:  # the connection is gone
                self._changed()

    @property
    def full(self) -> bool:
        """Whether nothing more may wait."""
        return len(self._held) >= MAX_HELD

    def detach(self, live: LiveConnection) -> None:
        """A connection has ended."""
        del self._stops[live]

    def _too_late(self, held: Held) -> None:
        if held.breakpoint.at_timeout == "drop":
            held.in_flight.drop(CAUSE)
        self._let_go(held)

    def _let_go(self, held: Held) -> None:
        if self._held.pop(held.number, None) is not None:
            held.released.set()
            self._changed()

    def _release(self, breakpoint_: Breakpoint) -> None:
        for held in [h for h in self._held.values() if h.breakpoint is breakpoint_]:
            self._let_go(held)

    def _reconsider(self) -> None:
        for live in list(self._stops):
            live.reconsider()
        self._changed()

    def _changed(self) -> None:
        for callback in self._callbacks:
            callback()


class _Stop:
    """The Interceptor of one connection."""

    def __init__(self, breakpoints: Breakpoints, live: LiveConnection) -> None:
        self._breakpoints = breakpoints
        self._live = live

    def __str__(self) -> str:
        return "a breakpoint"

    @property
    def _connection(self) -> ConnectionRecord:
        return self._live.connection

    def wants(self, direction: Direction) -> bool:
        """Whether a breakpoint may stop anything there."""
        return bool(self._breakpoints.stopping(self._connection.id, direction))

    def handle(self, in_flight: InFlightMessage) -> Awaitable[None] | None:
        """Hold what matches."""
        if in_flight.verdict == "injected" or self._breakpoints.full:
            return None  # what somebody sent by hand has been looked at
        subject = None
        for breakpoint_ in self._breakpoints.stopping(self._connection.id, in_flight.direction):
            if in_flight.is_control and not breakpoint_.control:
                continue
            if subject is None:
                subject = subject_of_in_flight(in_flight, self._connection)
            if breakpoint_.filter.decodes:
                self._breakpoints.sayings.describe(subject, in_flight, self._connection)
            if breakpoint_.filter.matches(subject):
                return self._breakpoints.hold(breakpoint_, self._live, in_flight)
        return None

    def ended(self) -> None:
        """The connection has ended."""
        self._breakpoints.detach(self._live)


_FIELDS = ("filter", "direction", "connection", "control", "enabled", "timeout", "at_timeout")


def _checked(spec: dict[str, Any]) -> dict[str, Any]:
    """The fields of a Breakpoint that an object gives; raises ValueError."""
    fields: dict[str, Any] = {}
    for name, value in spec.items():
        if name == "filter" and isinstance(value, str):
            fields[name] = parse_passing(value)
        elif name == "direction" and value in ("upstream", "downstream", None):
            fields[name] = Direction[value.upper()] if value else None
        elif (name == "connection" and (value is None or type(value) is int)) or (
            name in ("control", "enabled") and isinstance(value, bool)
        ):
            fields[name] = value
        elif name == "timeout" and type(value) in (int, float) and 0 < value <= 86400:
            fields[name] = float(value)
        elif name == "at_timeout" and value in ("forward", "drop"):
            fields[name] = value
        elif name in _FIELDS:
            raise ValueError(f"{name} of a breakpoint cannot be {value!r}")
        else:
            raise ValueError(f"a breakpoint has no field {name!r}")
    return fields
