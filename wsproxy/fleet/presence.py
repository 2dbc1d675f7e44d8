"""An instance's entry in the fleet: its name belongs to one process, and it says how it is.

No clock is compared with another: an entry is alive while its revision changes.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import nats.js.errors
from nats.aio.client import Client
from nats.js.client import JetStreamContext
from nats.js.kv import KeyValue

from wsproxy.fleet.connecting import TROUBLE, is_wrong_sequence
from wsproxy.fleet.names import Names
from wsproxy.fleet.sender import NameTakenError

BEAT_SECONDS = 1.0
"""How often an instance says how it is."""

GONE_SECONDS = 3.5
"""After so long without a word an instance is held to be gone."""

_log = logging.getLogger(__name__)


class Presence:
    """Our entry."""

    def __init__(
        self,
        client: Client,
        js: JetStreamContext,
        names: Names,
        instance: str,
        capture: str,
        status: Callable[[], dict[str, Any]],
    ) -> None:
        """`status` gives what the entry says beside our name."""
        self._client = client
        self._js = js
        self._names = names
        self._instance = instance
        self._capture = capture
        self._status = status
        self._revision = 0
        self._kv: KeyValue | None = None

    async def take(self) -> None:
        """Take the name, as soon as NATS lets us; raises NameTakenError where it is in use.

        The process before us on the same capture is surely gone, for a capture has one writer.
        """
        while True:
            try:
                await self._take()
            except TROUBLE as error:
                if not is_wrong_sequence(error):
                    _log.info("cannot join the fleet yet: %s", error)
                    await asyncio.sleep(BEAT_SECONDS / 2)
            else:
                return

    async def _take(self) -> None:
        self._kv = await self._js.key_value(self._names.instances)
        revision, entry = await self._entry()
        if entry is not None and entry.get("capture") != self._capture:
            await asyncio.sleep(GONE_SECONDS)
            newer, entry = await self._entry()
            if newer != revision and entry is not None:
                raise NameTakenError(
                    f"there is an instance {self._instance!r} in the fleet already"
                    f" ({entry.get('host')}, process {entry.get('process')});"
                    " give this one another --instance"
                )
        if entry is None:
            self._revision = await self._kv.create(self._instance, self._value())
        else:
            self._revision = await self._kv.update(self._instance, self._value(), revision)

    async def beat(self) -> None:
        """Say how we are, again and again; raises NameTakenError if the name was taken."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
            except TROUBLE as error:
                if is_wrong_sequence(error):
                    await self._look()

    async def _beat(self) -> None:
        assert self._kv is not None
        value = self._value()
        await self._client.publish(self._names.beats(self._instance), value)
        self._revision = await self._kv.update(self._instance, value, self._revision)

    async def _look(self) -> None:
        """Our entry is not as we left it: a lost answer, a new bucket, or somebody else."""
        try:
            self._revision, entry = await self._entry()
        except TROUBLE:
            return
        if entry is not None and entry.get("capture") != self._capture:
            raise NameTakenError(
                f"the instance {self._instance!r} of the fleet is another process now"
                f" ({entry.get('host')}, process {entry.get('process')})"
            )

    async def leave(self) -> None:
        """Take the entry away."""
        if self._kv is not None and self._revision:
            left = self._status() | {"capture": self._capture, "left": True}
            await self._client.publish(self._names.beats(self._instance), json.dumps(left).encode())
            await self._kv.delete(self._instance, last=self._revision)

    async def _entry(self) -> tuple[int, dict[str, Any] | None]:
        """Revision and value of our entry; 0 and None where there is none."""
        assert self._kv is not None
        try:
            found = await self._kv.get(self._instance)
        except nats.js.errors.KeyNotFoundError:
            return 0, None
        value = json.loads(found.value or b"{}")
        return found.revision or 0, value if isinstance(value, dict) else {}

    def _value(self) -> bytes:
        return json.dumps(self._status() | {"capture": self._capture}).encode()
