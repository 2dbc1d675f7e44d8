"""The view's list of instances: how each is, and whether it is there at all."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext

from wsproxy.fleet.connecting import TROUBLE
from wsproxy.fleet.names import Names, instance_of
from wsproxy.fleet.presence import GONE_SECONDS
from wsproxy.relay.interfaces import Clock

MAX_INSTANCES = 1000
"""Instances in the list."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    status: dict[str, Any]
    heard: float | None
    """When we heard of it, by our clock; None if only the bucket knows it."""
    rate: float = 0.0
    """Frames a second that the stream got from it, between its last two words."""


class Roster:
    """Who is in the fleet, by what they said last."""

    def __init__(self, client: Client, js: JetStreamContext, names: Names, clock: Clock) -> None:
        self._client = client
        self._js = js
        self._names = names
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def start(self) -> None:
        """Listen, and learn whom the bucket knows."""
        await self._client.subscribe(self._names.beats("*"), cb=self._heard)
        try:
            bucket = await self._js.key_value(self._names.instances)
            for name in (await bucket.keys())[:MAX_INSTANCES]:
                entry = await bucket.get(name)
                if name not in self._known and entry.value:
                    self._learn(name, entry.value, None)
        except TROUBLE as error:
            _log.debug("no instance is known yet: %s", error)

    def instances(self) -> list[dict[str, Any]]:
        """All of them, by name, each with `alive` and `last_seen` (seconds since the epoch)."""
        now = self._clock.time()
        found = []
        for name, known in sorted(self._known.items()):
            heard = known.heard
            alive = heard is not None and now - heard < GONE_SECONDS
            # Its clock against ours, as it was when it spoke.
            skew = known.status.get("time", heard) - heard if heard is not None else 0.0
            found.append(
                {
                    **known.status,
                    "instance": name,
                    "alive": alive and not known.status.get("left"),
                    "last_seen": heard if heard is not None else known.status.get("time", 0.0),
                    "skew": round(skew, 1),
                    "rate": round(known.rate, 1) if alive else 0.0,
                }
            )
        return found

    def strikes(self, fault: str) -> int:
        """How often a fault struck, at all instances together."""
        return sum(known.status.get("faults", {}).get(fault, 0) for known in self._known.values())

    def alive(self) -> set[str]:
        """The names of those that are there."""
        return {one["instance"] for one in self.instances() if one["alive"]}

    async def _heard(self, message: Msg) -> None:
        name = instance_of(message.subject)
        if name in self._known or len(self._known) < MAX_INSTANCES:
            self._learn(name, message.data, self._clock.time())

    def _learn(self, name: str, data: bytes, heard: float | None) -> None:
        try:
            status = json.loads(data)
        except ValueError:
            return
        if isinstance(status, dict):
            before = self._known.get(name)
            rate = _rate(before.status, status) if before is not None else 0.0
            self._known[name] = _Known(status, heard, rate)


def _rate(before: dict[str, Any], now: dict[str, Any]) -> float:
    """Frames a second between two words of an instance; what they say was written by others."""
    try:
        sent, time = now["sent"] - before["sent"], now["time"] - before["time"]
        return max(float(sent / time), 0.0)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 0.0
