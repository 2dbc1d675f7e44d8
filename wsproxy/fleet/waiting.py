"""The breakpoints of a whole fleet, and what waits at them at its instances."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, Protocol

from wsproxy.errors import NotReachedError
from wsproxy.fleet.orders import Orders
from wsproxy.fleet.remote import Remote
from wsproxy.fleet.steward import Breakpoints, replace_breakpoints
from wsproxy.model.records import Direction

UNKNOWN = (1 << 31) - 1
"""The view's number of a connection that it has not heard of; the next one has one less."""


class OpenConnections(Protocol):
    """The connections of the fleet that are open, by the view's numbers."""

    def number_of(self, instance: str, number: int) -> int | None:
        """The view's number of an instance's connection."""

    def origin_of(self, number: int) -> tuple[str, str, int] | None:
        """The instance, its capture, and the number there."""


class FleetBreakpoints:
    """The breakpoints of the whole fleet (web.interfaces.BreakpointControl)."""

    def __init__(
        self,
        breakpoints: Breakpoints,
        remote: Remote,
        connections: OpenConnections,
        changed: Callable[[str], None],
    ) -> None:
        """`breakpoints` hold nothing here, they only check."""
        self._breakpoints = breakpoints
        self._remote = remote
        self._connections = connections
        self._changed = changed
        self._origins: dict[int, dict[str, Any]] = {}
        """Where connections that breakpoints name are, by the view's numbers."""
        self._held: dict[int, tuple[str, dict[str, Any]]] = {}
        self._ids: dict[tuple[str, int], int] = {}
        """Our numbers of what waits, by instance and number there."""
        self._next_id = count(1)
        self._unknown = count(UNKNOWN, -1)
        self._callbacks: list[Callable[[], None]] = []

    def breakpoints(self) -> list[dict[str, Any]]:
        """All breakpoints."""
        return self._breakpoints.breakpoints()

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add a breakpoint; raises ValueError."""
        self._note_connection(spec)
        added = self._breakpoints.add(spec)
        self._tell(f"breakpoint {added['id']} added")
        return added

    def change(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields; raises KeyError, ValueError."""
        self._note_connection(changes)
        changed = self._breakpoints.change(number, changes)
        self._tell(f"breakpoint {number} changed")
        return changed

    def remove(self, number: int) -> None:
        """Remove a breakpoint; raises KeyError."""
        self._breakpoints.remove(number)
        self._tell(f"breakpoint {number} removed")

    def held(self) -> list[dict[str, Any]]:
        """What waits at all instances, as far as they said."""
        return [one for _, one in self._held.values()]

    async def content(self, number: int) -> bytes:
        """All of what one that waits holds; raises KeyError, NotReachedError."""
        answer = await self._ask(number, {"do": "content"})
        return base64.b64decode(answer["content"])

    async def forward(self, number: int, content: bytes | None = None) -> None:
        """Let it go, with other content or as it is; raises KeyError, NotReachedError."""
        text = base64.b64encode(content).decode() if content is not None else None
        await self._ask(number, {"do": "forward", "content": text})
        self._forget(number)

    async def drop(self, number: int) -> None:
        """Let it go nowhere; raises KeyError, NotReachedError."""
        await self._ask(number, {"do": "drop"})
        self._forget(number)

    async def forward_all(self, direction: Direction | None = None) -> int:
        """Let all go that wait in a direction, or in both; returns how many."""
        wanted = direction.name.lower() if direction is not None else None
        numbers = [
            number for number, (_, one) in self._held.items() if wanted in (None, one["direction"])
        ]
        for number in numbers:
            await self.forward(number)
        return len(numbers)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` when anything of this is no longer what it was."""
        self._callbacks.append(callback)

    def orders(self) -> list[dict[str, Any]]:
        """The breakpoints as they are ordered; a connection is named by its origin."""
        return [
            {name: one[name] for name in _SPEC}
            | {"connection": self._origins.get(one["connection"])}
            for one in self._breakpoints.breakpoints()
        ]

    def load(self, orders: Orders) -> None:
        """Take orders of somebody else."""
        origins = self._origins
        self._origins = {}
        specs = []
        for spec in orders.breakpoints:
            origin = spec.get("connection")
            number = None
            if isinstance(origin, dict):
                number = self._number_of(origin, origins)
                self._origins[number] = origin
            specs.append(spec | {"connection": number})
        replace_breakpoints(self._breakpoints, specs)
        self._call()

    async def look(self, instances: Iterable[str]) -> None:
        """Ask these instances what waits there; the others have nothing."""
        found: dict[int, tuple[str, dict[str, Any]]] = {}
        ids: dict[tuple[str, int], int] = {}
        for instance in instances:
            try:
                answer = await self._remote.ask(instance, {"do": "held"})
            except NotReachedError:
                continue
            for one in answer["held"]:
                key = (instance, one["id"])
                number = ids[key] = self._ids.get(key) or next(self._next_id)
                connection = self._connections.number_of(instance, one["connection"])
                found[number] = (instance, one | {"id": number, "connection": connection})
        self._ids = ids
        if found.keys() != self._held.keys():
            self._held = found
            self._call()

    async def _ask(self, number: int, request: dict[str, Any]) -> dict[str, Any]:
        instance, _ = self._held[number]
        theirs = next(held for (_, held), ours in self._ids.items() if ours == number)
        return await self._remote.ask(instance, request | {"held": theirs})

    def _forget(self, number: int) -> None:
        self._held.pop(number, None)
        self._call()

    def _tell(self, what: str) -> None:
        self._changed(what)
        self._call()

    def _call(self) -> None:
        for callback in self._callbacks:
            callback()

    def _note_connection(self, fields: dict[str, Any]) -> None:
        """Know where the connection is that a breakpoint names; raises ValueError."""
        number = fields.get("connection")
        if number is None or number in self._origins:
            return
        origin = self._connections.origin_of(number)
        if origin is None:
            raise ValueError(f"connection: there is no connection {number!r} that is open")
        instance, capture, theirs = origin
        self._origins[number] = {"instance": instance, "capture": capture, "number": theirs}

    def _number_of(self, origin: dict[str, Any], known: dict[int, dict[str, Any]]) -> int:
        """The view's number of a connection that somebody else named."""
        instance, theirs = str(origin.get("instance")), origin.get("number")
        number = self._connections.number_of(instance, theirs) if isinstance(theirs, int) else None
        if number is not None:
            there = self._connections.origin_of(number)
            if there is not None and there[1] == origin.get("capture"):
                return number
        for number, one in known.items():
            if one == origin:
                return number
        return next(self._unknown)


_SPEC = ("filter", "direction", "control", "timeout", "at_timeout", "enabled")
"""Fields of a breakpoint that are ordered as they are."""
