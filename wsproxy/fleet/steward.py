"""The instance's side of control: what the fleet orders, and what it asks for.

NATS lives on the fleet's thread; everything that is done here is done on the relay's loop.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from nats.aio.msg import Msg

from wsproxy.errors import WsproxyError
from wsproxy.fleet.answering import GoneError, answer
from wsproxy.fleet.orders import Orders
from wsproxy.model.records import Direction
from wsproxy.relay.interfaces import LiveConnection

_log = logging.getLogger(__name__)


class Faults(Protocol):
    """The faults in force (faults.control.FaultSet)."""

    seed: int

    def faults(self) -> list[dict[str, Any]]:
        """All faults, each with how often it struck."""

    def populate(self, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put these in place of all others, or, if one is wrong, change nothing."""


class Breakpoints(Protocol):
    """The breakpoints, and what waits at them (breakpoints.control.Breakpoints)."""

    def breakpoints(self) -> list[dict[str, Any]]:
        """All of them."""

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add one; raises ValueError."""

    def change(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields; raises KeyError, ValueError."""

    def remove(self, number: int) -> None:
        """Remove one, and let go what waits at it; raises KeyError."""

    def held(self) -> list[dict[str, Any]]:
        """What waits."""

    def content(self, number: int) -> bytes:
        """All of what one that waits holds; raises KeyError."""

    def forward(self, number: int, content: bytes | None = None) -> None:
        """Let it go; raises KeyError."""

    def drop(self, number: int) -> None:
        """Let it go nowhere; raises KeyError."""


def replace_breakpoints(breakpoints: Breakpoints, specs: list[dict[str, Any]]) -> None:
    """Put these in place of all others; what waits at one that stays goes on waiting.

    Raises ValueError.
    """
    wanted = list(specs)
    for old in breakpoints.breakpoints():
        same = next((spec for spec in wanted if spec == {name: old[name] for name in spec}), None)
        if same is None:
            breakpoints.remove(old["id"])
        else:
            wanted.remove(same)
    for spec in wanted:
        breakpoints.add(spec)


class Steward:
    """Does what the fleet wants."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        live: Callable[[], Mapping[int, LiveConnection]],
        faults: Faults | None,
        breakpoints: Breakpoints,
    ) -> None:
        """`loop` is the relay's."""
        self._loop = loop
        self._live = live
        self._faults = faults
        self._breakpoints = breakpoints
        self._orders: Orders | None = None
        self.capture = ""
        """What the fleet knows our capture by: connections have the numbers of one capture."""
        self.taken = 0
        """The revision of the orders that are in force here."""
        self.refused = ""
        """Why the newest orders are not."""

    def order(self, orders: Orders, revision: int) -> None:
        """Put orders in force; called on the fleet's thread."""
        self._loop.call_soon_threadsafe(self._order, orders, revision)

    async def asked(self, message: Msg) -> None:
        """Answer a request of somebody who steers."""

        async def do(request: dict[str, Any]) -> dict[str, Any]:
            done = asyncio.run_coroutine_threadsafe(self._do(request), self._loop)
            return await asyncio.wrap_future(done)

        await answer(message, do)

    def status(self) -> dict[str, Any]:
        """What our entry in the fleet says of it."""
        faults = self._faults.faults() if self._faults is not None else []
        return {
            "revision": self.taken,
            "refused": self.refused,
            "faults": {fault["name"]: fault["strikes"] for fault in faults if fault["enabled"]},
            "held": len(self._breakpoints.held()),
        }

    # From here on: the relay's loop.

    def _order(self, orders: Orders, revision: int) -> None:
        try:
            # What did not change is left alone: strikes go on counting, what waits goes on waiting.
            before = self._orders
            if self._faults is not None and (
                before is None or (before.faults, before.seed) != (orders.faults, orders.seed)
            ):
                self._faults.populate(orders.faults)
                self._faults.seed = orders.seed
            if before is None or before.breakpoints != orders.breakpoints:
                replace_breakpoints(self._breakpoints, self._ours(orders.breakpoints))
            self._orders = orders
        except (WsproxyError, ValueError) as error:
            self.refused = str(error)
            _log.warning("orders of the fleet cannot be taken here: %s", error)
        else:
            self.refused = ""
            _log.info("the fleet changed something here: %s, by %s", orders.what, orders.by)
        self.taken = revision

    def _ours(self, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The breakpoints that are for us, with our own numbers of connections."""
        ours = []
        for spec in specs:
            origin = spec.get("connection")
            if origin is None:
                ours.append(spec | {"connection": None})
            elif isinstance(origin, dict) and origin.get("capture") == self.capture:
                ours.append(spec | {"connection": origin.get("number")})
        return ours

    async def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        do = request["do"]
        if do == "held":
            return {"held": self._breakpoints.held()}
        if do in ("forward", "drop", "content"):
            return self._let_go(do, request)
        live = self._live().get(int(request["connection"]))
        if live is None or request["capture"] != self.capture:
            raise GoneError(f"connection {request['connection']} is not open any more")
        cause = str(request["cause"])
        if do == "inject":
            content = base64.b64decode(request["content"])
            live.inject(Direction(request["direction"]), int(request["opcode"]), content, cause)
        elif do == "close":
            live.close(int(request["code"]), str(request["reason"]), cause)
        elif do == "reset":
            live.reset(cause)
        elif do == "pause":
            live.pause(Direction(request["direction"]), bool(request["paused"]))
        else:
            raise ValueError(f"nobody here can {do!r}")
        return {"done": do}

    def _let_go(self, do: str, request: dict[str, Any]) -> dict[str, Any]:
        number = int(request["held"])
        try:
            if do == "content":
                return {"content": base64.b64encode(self._breakpoints.content(number)).decode()}
            if do == "drop":
                self._breakpoints.drop(number)
            else:
                given = request.get("content")
                self._breakpoints.forward(
                    number, base64.b64decode(given) if given is not None else None
                )
        except KeyError:
            raise GoneError("it does not wait any more") from None
        return {"done": do}
