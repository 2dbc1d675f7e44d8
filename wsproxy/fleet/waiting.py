"""The breakpoints of a whole fleet, and what waits at them at its instances."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

from wsproxy.errors import NotReachedError
from wsproxy.fleet.orders import Orders
from wsproxy.fleet.remote import Remote
from wsproxy.fleet.steward import Breakpoints
from wsproxy.model.records import Direction


class FleetBreakpoints:
    """The breakpoints of the whole fleet (web.interfaces.BreakpointControl)."""

    def __init__(
        self,
        breakpoints: Breakpoints,
        remote: Remote,
        number: Callable[[str, int], int | None],
        changed: Callable[[str], None],
    ) -> None:
        """`breakpoints` hold nothing here, they only check; `number` gives the view's number of an
        instance's connection.
        """
        self._breakpoints = breakpoints
        self._remote = remote
        self._number = number
        self._changed = changed
        self._held: dict[int, tuple[str, dict[str, Any]]] = {}
        self._ids: dict[tuple[str, int], int] = {}
        self._callbacks: list[Callable[[], None]] = []

    def breakpoints(self) -> list[dict[str, Any]]:
        """All breakpoints."""
        return self._breakpoints.breakpoints()

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add a breakpoint; raises ValueError."""
        _no_connection(spec)
        added = self._breakpoints.add(spec)
        self._tell(f"breakpoint {added['id']} added")
        return added

    def change(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields; raises KeyError, ValueError."""
        _no_connection(changes)
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
        """The breakpoints as they are ordered."""
        return [{name: one[name] for name in _SPEC} for one in self._breakpoints.breakpoints()]

    def load(self, orders: Orders) -> None:
        """Take orders of somebody else."""
        for old in self._breakpoints.breakpoints():
            self._breakpoints.remove(old["id"])
        for spec in orders.breakpoints:
            self._breakpoints.add(spec)
        self._call()

    async def look(self, instances: Iterable[str]) -> None:
        """Ask these instances what waits there; the others have nothing."""
        found: dict[int, tuple[str, dict[str, Any]]] = {}
        for instance in instances:
            try:
                answer = await self._remote.ask(instance, {"do": "held"})
            except NotReachedError:
                continue
            for one in answer["held"]:
                key = (instance, one["id"])
                number = self._ids.setdefault(key, len(self._ids) + 1)
                connection = self._number(instance, one["connection"])
                found[number] = (instance, one | {"id": number, "connection": connection})
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


_SPEC = ("filter", "direction", "control", "timeout", "at_timeout", "enabled")
"""Fields of a breakpoint that are ordered; a connection's number is the instance's own."""


def _no_connection(fields: dict[str, Any]) -> None:
    if fields.get("connection") is not None:
        raise ValueError(
            "connection: a breakpoint of a fleet is for all; its filter may have ~instance and ~u"
        )
