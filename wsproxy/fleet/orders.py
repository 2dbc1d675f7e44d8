"""What shall be in force in the whole fleet: one value in the control bucket.

One value, so that a change takes hold whole or not at all; its revision says who has taken it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import nats.js.errors
from nats.aio.client import Client
from nats.js.client import JetStreamContext
from nats.js.kv import KeyValue

from wsproxy.errors import FaultError
from wsproxy.fleet.connecting import TROUBLE, is_wrong_sequence
from wsproxy.fleet.names import Names

KEY = "orders"

LOOK_SECONDS = 1.0
"""How often the bucket is looked at where no nudge comes."""

MAX_ORDERS = 512 * 1024
"""Bytes of the value: servers take 1 MiB unless told otherwise."""

ATTEMPTS = 10
"""How often orders are written where others always are faster; then we wait for a while."""

MAX_EVENTS = 1000
"""Changes that wait for the stream to take them; the oldest go."""

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


def merge(before: Orders, mine: Orders, theirs: Orders) -> Orders:
    """What somebody else made of `before`, with what `mine` changed of it done to it as well.

    Where both changed the same, it is as in `mine`.
    """
    return replace(
        mine,
        seed=theirs.seed if mine.seed == before.seed else mine.seed,
        faults=_merged(before.faults, mine.faults, theirs.faults, lambda one: one.get("name")),
        breakpoints=_merged(before.breakpoints, mine.breakpoints, theirs.breakpoints, _text),
    )


def _merged(
    before: list[dict[str, Any]],
    mine: list[dict[str, Any]],
    theirs: list[dict[str, Any]],
    key: Callable[[dict[str, Any]], Any],
) -> list[dict[str, Any]]:
    """Their order; what is new of mine comes last."""
    old = {key(one): one for one in before}
    changed = {key(one): one for one in mine if old.get(key(one)) != one}
    gone = old.keys() - {key(one) for one in mine}
    kept = {key(one): one for one in theirs if key(one) not in gone}
    return list((kept | changed).values())


def _text(one: dict[str, Any]) -> str:
    """A breakpoint has no name: two that say the same are one."""
    return json.dumps(one, sort_keys=True)


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
        self._known = Orders()
        """Those orders."""
        self._wanted: Orders | None = None
        self._changes: list[str] = []
        """What was changed with `put`, in words, and is not written yet."""
        self._events: deque[bytes] = deque(maxlen=MAX_EVENTS)
        """What was written, and the stream has not been told yet."""

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

    @property
    def newest(self) -> Orders:
        """The orders as they are, or will be when NATS has taken what was `put`."""
        return self._wanted if self._wanted is not None else self._known

    def put(self, orders: Orders) -> None:
        """Write these orders as soon as NATS takes them.

        What somebody else changes meanwhile is merged: `changed` of `watch` then tells of both.
        Raises FaultError where they are too large.
        """
        if len(orders.dump()) > MAX_ORDERS:
            raise FaultError(f"all that a fleet is ordered is at most {MAX_ORDERS:,} bytes")
        self._wanted = orders
        self._changes.append(orders.what)
        self._look.set()

    async def _nudged(self, _: object) -> None:
        self._look.set()

    async def _step(self, changed: Callable[[Orders, int], None]) -> None:
        bucket = await self._js.key_value(self._names.control)
        for _ in range(ATTEMPTS):
            if self._wanted is not None:
                await self._write(bucket, changed)
        await self._tell()
        await self._read(bucket, changed)

    async def _read(self, bucket: KeyValue, changed: Callable[[Orders, int], None]) -> None:
        try:
            entry = await bucket.get(KEY)
        except nats.js.errors.KeyNotFoundError as error:
            # None yet, or somebody has deleted them: what was in force stays, until the next change.
            self.revision = error.entry.revision if error.entry is not None else 0
            return
        revision = entry.revision or 0
        if revision == self.revision:
            return
        try:
            orders = Orders.load(entry.value or b"")
        except ValueError as error:
            _log.warning("the orders of the fleet cannot be read: %s", error)
            self.revision = revision
            return
        if self._wanted is not None:  # somebody else changed them meanwhile
            orders = self._wanted = merge(self._known, self._wanted, orders)
        self._known, self.revision = orders, revision
        changed(orders, revision)

    async def _write(self, bucket: KeyValue, changed: Callable[[Orders, int], None]) -> None:
        """Write what is wanted; where somebody else was faster, merge it with theirs."""
        orders, done = self._wanted, len(self._changes)
        assert orders is not None
        try:
            revision = await bucket.update(KEY, orders.dump(), self.revision)
        except TROUBLE as error:
            if not is_wrong_sequence(error):
                raise
            await self._read(bucket, changed)
            return
        self._known, self.revision = orders, revision
        if self._wanted is orders:
            self._wanted = None
        changes, self._changes = self._changes[:done], self._changes[done:]
        for what in changes:
            event = {"by": orders.by, "what": what, "revision": revision}
            self._events.append(json.dumps(event).encode())

    async def _tell(self) -> None:
        """Tell all that they have to look, and the stream who changed what."""
        if self._events:
            await self._client.publish(self._names.nudge)
        while self._events:
            await self._js.publish(self._names.events(self._who), self._events[0])
            self._events.popleft()
