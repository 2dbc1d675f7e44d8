"""Following a stream: what all instances send, folded into a capture of the viewer's own.

The viewer has a consumer of its own, which NATS forgets when it goes: viewers never disturb each
other, and one that was away catches up from where its capture stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any, NamedTuple

import nats.js.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from wsproxy.fleet.connecting import TROUBLE, once
from wsproxy.fleet.interfaces import Folded, Part, Sink, StreamPlace
from wsproxy.fleet.names import Names, instance_of
from wsproxy.fleet.sender import CAPTURE, CHUNK
from wsproxy.fleet.wire import decode

FETCH = 64
"""Messages that are asked for at a time."""

FETCH_SECONDS = 1.0

RETRY_SECONDS = 0.25

INACTIVE_SECONDS = 60.0
"""How long NATS keeps the consumer of a viewer that asks no more."""

SILENCE = 3
"""Empty answers after which the consumer is asked whether it is still there."""

MAX_CHUNKS_BYTES = 256 * 1024 * 1024
"""Bytes of unfinished groups that are kept in memory, of all instances."""

_log = logging.getLogger(__name__)


class _Unfinished(NamedTuple):
    """A group of which not all chunks have come."""

    first_sequence: int
    chunks: list[bytes]


class Follower:
    """Follows one stream, for good."""

    def __init__(
        self,
        js: JetStreamContext,
        names: Names,
        sink: Sink,
        thread: Executor,
        folded: Callable[[Folded], None],
        heard: Callable[[str, bytes, float], Awaitable[None]] | None = None,
    ) -> None:
        """`sink` is called on `thread`; `folded` hears what is new, on the loop, and `heard` of
        each event who said it, what, and when (seconds since the epoch, by the stream's clock).
        """
        self._js = js
        self._names = names
        self._sink = sink
        self._thread = thread
        self._folded = folded
        self._heard = heard
        self._groups: dict[str, _Unfinished] = {}
        self._say = once(lambda text: _log.warning("%s", text))
        self.pending = 0
        """Messages of the stream that are not in the capture yet."""
        self.unreadable = 0
        """Messages that no instance of this version sent."""
        self.trouble = ""
        """Why nothing comes at the moment."""

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except (nats.js.errors.NotFoundError, nats.js.errors.ServiceUnavailableError):
                await self._failed(f"there is no stream {self._names.stream}, or no leader for it")
            except TROUBLE as error:
                await self._failed(str(error) or type(error).__name__)

    async def _failed(self, why: str) -> None:
        self.trouble = why
        self._say(f"nothing comes from the fleet for now: {why}")
        await asyncio.sleep(RETRY_SECONDS)

    async def _call(self, work: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    async def _follow(self) -> None:
        """Read with one consumer until it fails, or something is missing."""
        info = await self._js.stream_info(self._names.stream)
        created = str(info.created)
        place = StreamPlace(*await self._call(self._sink.place))
        # A stream that ends before our place lost its end, or is another one: read it all; what
        # is there already is known by its place in the instance's capture.
        known = place.created == created and place.sequence <= info.state.last_seq
        sequence = place.sequence if known else 0
        self._groups.clear()
        subscription = await self._js.pull_subscribe(
            f"wsproxy.{self._names.fleet}.>",
            stream=self._names.stream,
            config=ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=sequence + 1,
                inactive_threshold=INACTIVE_SECONDS,
                mem_storage=True,
            ),
        )
        delivered = silence = 0
        try:
            while True:
                try:
                    messages = await subscription.fetch(FETCH, timeout=FETCH_SECONDS)
                except TimeoutError:
                    silence += 1
                    if silence >= SILENCE:
                        silence = 0
                        await subscription.consumer_info()
                    self.pending = 0
                    self._well()
                    continue
                silence = 0
                self._well()
                whole = []
                for message in messages:
                    metadata = message.metadata
                    if metadata.sequence.consumer != delivered + 1:
                        break  # some did not reach us: ask for them anew
                    delivered += 1
                    sequence = metadata.sequence.stream
                    self.pending = metadata.num_pending
                    whole.append(message)
                await self._take(whole, created, sequence)
                if len(whole) < len(messages):
                    return
        finally:
            await self._leave(subscription)

    def _well(self) -> None:
        if self.trouble:
            self.trouble = ""
            self._say("")

    async def _leave(self, subscription: JetStreamContext.PullSubscription) -> None:
        with contextlib.suppress(*TROUBLE):  # the connection may be gone, and this with it
            await subscription.unsubscribe()

    async def _take(self, messages: list[Msg], created: str, sequence: int) -> None:
        parts: list[Part] = []
        for message in messages:
            if message.subject.endswith(".event"):
                if self._heard is not None:
                    when = message.metadata.timestamp.timestamp()
                    await self._heard(instance_of(message.subject), message.data, when)
                continue
            try:
                part = self._part(message)
            except ValueError as error:
                self.unreadable += 1
                self._say(f"a message on {message.subject} cannot be read: {error}")
            else:
                if part is not None:
                    parts.append(part)
        # After a kill, unfinished groups are read from their beginning.
        upto = min((group.first_sequence - 1 for group in self._groups.values()), default=sequence)
        folded = await self._call(self._sink.fold, parts, StreamPlace(created, upto))
        self._folded(Folded(*folded))

    def _part(self, message: Msg) -> Part | None:
        """What a message completes; None if more of it has to come. Raises ValueError."""
        headers = message.headers or {}
        number, _, count = headers.get(CHUNK, "1:1").partition(":")
        data = message.data
        if count != "1":
            group = self._groups.pop(message.subject, None)
            if number == "1":
                group = _Unfinished(message.metadata.sequence.stream, [])
            elif group is None or len(group.chunks) + 1 != int(number):
                return None  # its beginning is not on the stream any more, or was sent anew
            group.chunks.append(data)
            if number != count:
                self._groups[message.subject] = group
                self._bound()
                return None
            data = b"".join(group.chunks)
        connections, batches, notes = decode(data)
        return Part(
            instance_of(message.subject), headers.get(CAPTURE, ""), connections, batches, notes
        )

    def _bound(self) -> None:
        """Let go of the largest unfinished group where all together take too much."""
        sizes = {subject: sum(map(len, group.chunks)) for subject, group in self._groups.items()}
        if sum(sizes.values()) > MAX_CHUNKS_BYTES:
            largest = max(sizes, key=sizes.__getitem__)
            del self._groups[largest]
            self.unreadable += 1
            self._say(f"a group on {largest} is too large to be kept in memory; it is left out")
