"""What shall be in force in the whole fleet: one value in the control bucket.

One value, so that a change takes hold whole or not at all; its revision says who has taken it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nats.js.errors
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from wsproxy.fleet.connecting import TROUBLE, is_wrong_sequence
from wsproxy.fleet.names import Names

KEY = "orders"

LOOK_SECONDS = 1.0
"""How often the bucket is looked at where no nudge comes."""

MAX_ORDERS = 512 * 1024
"""Bytes of the value: servers take 1 MiB unless told otherwise."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """What shall be in force."""

    seed: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)
    breakpoints: list[dict[str, Any]] = field(default_factory=list)
    by: str = ""
    """Who changed it last."""
    what: str = ""
    """What they changed, in words."""

    def dump(self) -> bytes:
        value = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(value, separators=(",", ":")).encode()

    @classmethod
    def load(cls, data: bytes) -> Orders:
        """Raises ValueError for what `dump` did not write."""
        try:
            value = json.loads(data)
            faults, breakpoints = value["faults"], value["breakpoints"]
            if not all(isinstance(one, dict) for one in [*faults, *breakpoints]):
                raise ValueError("faults and breakpoints are objects")
            return cls(
                int(value["seed"]), faults, breakpoints, str(value["by"]), str(value["what"])
            )
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"these are not orders: {error!r}") from None


class Desk:
    """Where orders are read and written, on one event loop."""

    def __init__(self, client: Client, js: JetStreamContext, names: Names, who: str) -> None:
        """`who` is the name that changes go by."""
        self._client = client
        self._js = js
        self._names = names
        self._who = who
        self._look = asyncio.Event()
        self.revision = 0
        """Of the orders that were read or written last; 0: there are none yet."""
        self._wanted: Orders | None = None

    async def watch(self, changed: Callable[[Orders, int], None]) -> None:
        """Tell of every change, until cancelled; writes what `put` was given, too."""
        await self._client.subscribe(self._names.nudge, cb=self._nudged)
        while True:
            try:
                await self._step(changed)
            except TROUBLE as error:
                _log.info("the orders of the fleet cannot be reached: %s", error)
            self._look.clear()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._look.wait()
            except TimeoutError:
                pass

    def put(self, orders: Orders) -> None:
        """Write these orders as soon as NATS takes them."""
        self._wanted = orders
        self._look.set()

    async def _nudged(self, _: object) -> None:
        self._look.set()

    async def _step(self, changed: Callable[[Orders, int], None]) -> None:
        bucket = await self._js.key_value(self._names.control)
        if self._wanted is not None:
            await self._write(bucket, self._wanted)
            return
        try:
            entry = await bucket.get(KEY)
        except nats.js.errors.KeyNotFoundError:
            return
        revision = entry.revision or 0
        if revision == self.revision:
            return
        try:
            orders = Orders.load(entry.value or b"")
        except ValueError as error:
            _log.warning("the orders of the fleet cannot be read: %s", error)
            return
        finally:
            self.revision = revision
        changed(orders, revision)

    async def _write(self, bucket: Any, orders: Orders) -> None:
        try:
            revision = await bucket.update(KEY, orders.dump(), self.revision)
        except TROUBLE as error:
            if not is_wrong_sequence(error):
                raise
            _log.warning(
                "somebody else changed the fleet at the same time: %s was not done", orders.what
            )
            self._wanted = None
            self._look.set()
            return
        if self._wanted is orders:
            self._wanted = None
        self.revision = revision
        await self._client.publish(self._names.nudge)
        event = json.dumps({"by": orders.by, "what": orders.what, "revision": revision})
        await self._js.publish(self._names.events(self._who), event.encode())
