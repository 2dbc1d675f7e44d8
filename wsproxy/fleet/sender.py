"""Sending a capture to the stream: what is written to it goes out in order, each block once.

One message at a time, and each names the sequence number of the one before it on its subject: the
server refuses it where that is another. So a message that comes late, twice, or from somebody else
cannot get in, however long the cluster was away; the window of message ids is not needed for that,
it only makes a repetition cheap. The capture is the buffer; only what was written a moment ago is
taken from memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import nats.js.errors
from nats.js.client import JetStreamContext

from wsproxy.fleet.connecting import REQUEST_SECONDS, TROUBLE, is_full, is_wrong_sequence, once
from wsproxy.fleet.cutting import cut
from wsproxy.fleet.interfaces import Place, Source
from wsproxy.fleet.names import Names
from wsproxy.fleet.news import News
from wsproxy.fleet.pace import Pace
from wsproxy.fleet.wire import encode
from wsproxy.model.batches import Batch
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord
from wsproxy.protocol.secrets import Mask

GROUP_BYTES = 256 * 1024
"""Bytes of the capture that go out together, unless one block is larger."""

CHUNK_BYTES = 512 * 1024
"""Bytes of one message of the stream: servers take 1 MiB unless told otherwise."""

IDLE_SECONDS = 1.0
"""How often the capture is looked at where nobody says that there is something new."""

GATHER_SECONDS = 0.1
"""How long what is new may wait for more: a message costs about the same, however much is in it."""

RETRY_SECONDS = 0.25

KEEP_SECONDS = 1.0
"""How often the capture is told what was acknowledged; the stream knows what came after."""

FAR_BEHIND = 4
"""Wire files that wait, after which sending takes what it needs: the capture drops the oldest."""

MAX_CONNECTIONS = 500
"""Connections in one group."""

CAPTURE, UNTIL, SINCE, CHUNK = "Wsproxy-Capture", "Wsproxy-Until", "Wsproxy-Since", "Wsproxy-Chunk"
"""Headers: which capture it is, between which places of it, and which part of how many."""

_ID, _EXPECTED = "Nats-Msg-Id", "Nats-Expected-Last-Subject-Sequence"

_log = logging.getLogger(__name__)


class NameTakenError(Exception):
    """Another instance has our name."""


class State(NamedTuple):
    """What the capture keeps of its own sending."""

    capture: str
    """What the fleet knows this capture by."""
    begin: Place
    """Where sending began: what was captured before belongs to no fleet."""
    place: Place
    """Up to where it was acknowledged."""
    first_connection: int
    """No connection before it is told of."""
    open_from: int
    """Connections before it have ended, and the stream knows it."""
    stream: str = ""
    """When the stream was made that acknowledged it."""


class Sender:
    """Sends one capture, for good."""

    def __init__(
        self,
        js: JetStreamContext,
        names: Names,
        instance: str,
        run: str,
        source: Source,
        news: News,
        state: State,
        keep: Callable[[State], None],
        *,
        mask: Mask,
        payload: int | None,
    ) -> None:
        """`run` tells this process from those before it; `keep` stores the state in the capture.
        `payload` is how many bytes of each go out; None: all.
        """
        self._js = js
        self._names = names
        self._subject = names.blocks(instance)
        self._instance = instance
        self._run = run
        self._source = source
        self._news = news
        self.state = state
        self._keep = keep
        self._mask = mask
        self._payload = payload
        self._wake = asyncio.Event()
        self._open: set[int] = set()
        self._newest_connection = state.open_from - 1
        self._last = 0
        """Sequence number of the newest message on our subject."""
        self._count = 0
        self._kept = 0.0
        self._busy = False
        self._draining = False
        self._notes: list[NoteRecord] = []
        """Notes that were read and could not be sent yet."""
        self._say = once(lambda text: _log.warning("%s", text))
        self.frames = 0
        """Frames that were acknowledged in this run."""
        self.messages = 0
        self.bytes = 0
        self.trouble = ""
        """Why nothing goes out at the moment."""
        self.newest = 0.0
        """The time of the last frame that was acknowledged."""

    async def run(self) -> None:
        """Send until cancelled; raises NameTakenError."""
        loop = asyncio.get_running_loop()
        # Those that were open when an earlier process ended may have ended since.
        self._news.again(self._source.connection_ids(self.state.open_from))
        self._news.on_news(lambda: loop.call_soon_threadsafe(self._wake.set))
        standing = False
        pace = Pace()
        while True:
            try:
                if not standing:
                    await self._stand()
                    standing = True
                if await self._send_some():
                    await asyncio.sleep(pace.wait(urgent=self._urgent))
                else:
                    self._keep_state(now=False)
                    self._wake.clear()
                    await self._wait()
            except _AnewError:
                standing = False
            except (nats.js.errors.NotFoundError, nats.js.errors.NoStreamResponseError) as error:
                standing = False
                await self._failed(f"there is no stream {self._names.stream} ({error})")
            except TROUBLE as error:
                standing = False
                await self._failed(str(error) or type(error).__name__)

    async def drain(self, seconds: float) -> bool:
        """Whether all that was captured is acknowledged, at the latest after so many seconds."""
        self._draining = True
        try:
            async with asyncio.timeout(seconds):
                while self._busy or self._news or self.state.place < self._news.end:
                    self._wake.set()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Keep what is acknowledged."""
        self._keep_state(now=True)

    @property
    def _urgent(self) -> bool:
        return self._draining or self._news.end[0] - self.state.place[0] > FAR_BEHIND

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_SECONDS)

    async def _failed(self, why: str) -> None:
        self.trouble = why
        self._say(f"the fleet gets nothing from here for now: {why}; the capture keeps it")
        await asyncio.sleep(RETRY_SECONDS)

    async def _stand(self) -> None:
        """Find out where the stream stands, and go on from there."""
        info = await self._js.stream_info(self._names.stream)
        created = str(info.created)
        state = self.state
        try:
            last = await self._js.get_last_msg(self._names.stream, self._subject)
        except nats.js.errors.NotFoundError:
            self._last = 0
            if state.stream not in ("", created):
                # Another stream of the same name: it gets all that the capture still has.
                state = state._replace(place=max(state.begin, self._source.start()))
                self._tell_all()
        else:
            self._last = last.seq or 0
            headers: dict[str, Any] = last.headers or {}
            if headers.get(CAPTURE) == state.capture:
                part, parts = _pair(headers[CHUNK])
                place = _pair(headers[UNTIL] if part == parts else headers[SINCE])
                state = state._replace(place=place)
        self.state = state._replace(stream=created)
        self._keep_state(now=True)
        self.trouble = ""
        self._say("")

    def _tell_all(self) -> None:
        self._news.again(self._source.connection_ids(self.state.first_connection))

    async def _send_some(self) -> bool:
        """Send a group; False if there is nothing to send."""
        self._busy = True  # until the last await is over
        ids = self._news.take(MAX_CONNECTIONS)
        notes, self._notes = [*self._notes, *self._source.notes()], []
        since = self.state.place
        try:
            # What was written a moment ago is still in memory; else the capture is read.
            placed = self._news.fresh(since, GROUP_BYTES)
            if placed:
                until = placed[-1][1]
            else:
                placed, until = self._source.batches(since, self._news.end, GROUP_BYTES)
            if not ids and not placed and not notes:
                if until != since:
                    self.state = self.state._replace(place=until)
                self._busy = False
                return False
            connections = [self._masked(one) for one in self._source.connections(ids)]
            if self._payload is not None:
                placed = [(cut(batch, self._payload), place) for batch, place in placed]
            placed = [(self._masked_http(batch), place) for batch, place in placed]
            parts = encode(connections, placed, notes)
            count = -(-sum(map(len, parts)) // CHUNK_BYTES)
            for number, chunk in enumerate(_chunks(parts, CHUNK_BYTES), 1):
                headers = {
                    CAPTURE: self.state.capture,
                    SINCE: _text(since),
                    UNTIL: _text(until),
                    CHUNK: _text((number, count)),
                }
                await self._publish(chunk, headers)
        except BaseException:
            self._news.again(ids)
            self._notes = notes
            raise
        self.state = self.state._replace(place=until)
        self._busy = False
        self._keep_state(now=False)
        for one in connections:
            self._newest_connection = max(self._newest_connection, one.id)
            (self._open.discard if one.end is not None else self._open.add)(one.id)
        for batch, _ in placed:
            self.frames += batch.block.count
            if batch.block.count:
                self.newest = batch.block.columns.times[-1]
        return True

    async def _publish(self, data: bytes, headers: dict[str, str]) -> None:
        self._count += 1
        mine = f"{self._run}.{self._count}"
        headers |= {_ID: mine, _EXPECTED: str(self._last)}
        while True:
            try:
                ack = await self._js.publish(
                    self._subject,
                    data,
                    timeout=REQUEST_SECONDS,
                    stream=self._names.stream,
                    headers=dict(headers),
                )
            except nats.js.errors.NoStreamResponseError:
                raise  # deleted, or without a leader: look again where it stands
            except TROUBLE as error:
                if is_wrong_sequence(error):
                    self._last = await self._mine_or_anew(mine)
                    break
                why = "the stream is full" if is_full(error) else str(error) or "no answer in time"
                await self._failed(why)
            else:
                self._last = ack.seq
                break
        if self.trouble:
            self.trouble = ""
            self._say("")
        self.messages += 1
        self.bytes += len(data)

    async def _mine_or_anew(self, mine: str) -> int:
        """The sequence number of our own message, if it is the newest: its answer was lost."""
        try:
            last = await self._js.get_last_msg(self._names.stream, self._subject)
        except nats.js.errors.NotFoundError:
            raise _AnewError from None
        headers: dict[str, Any] = last.headers or {}
        if headers.get(_ID) == mine:
            return last.seq or 0
        if headers.get(CAPTURE) != self.state.capture:
            raise NameTakenError(
                f"another capture is sent to the fleet as {self._instance!r}; give one of the"
                " two another --instance"
            )
        raise _AnewError

    def _masked_http(self, batch: Batch) -> Batch:
        if not batch.http:
            return batch
        mask = self._mask
        http = [
            replace(
                one,
                target=mask.target(one.target),
                upstream_url=mask.target(one.upstream_url),
                request_headers=mask.headers(one.request_headers),
                response_headers=mask.headers(one.response_headers),
            )
            for one in batch.http
        ]
        return replace(batch, http=http)

    def _masked(self, connection: ConnectionRecord) -> ConnectionRecord:
        mask = self._mask
        return replace(
            connection,
            upstream_url=mask.target(connection.upstream_url),
            target=mask.target(connection.target),
            request_headers=mask.headers(connection.request_headers),
            response_headers=mask.headers(connection.response_headers),
            subprotocol=connection.subprotocol and mask.subprotocols(connection.subprotocol),
        )

    def _keep_state(self, *, now: bool) -> None:
        time = asyncio.get_running_loop().time()
        if now or time - self._kept >= KEEP_SECONDS:
            self._kept = time
            open_from = min(self._open, default=self._newest_connection + 1)
            self._keep(self.state._replace(open_from=open_from))


class _AnewError(Exception):
    """The stream is not as it was: look again where it stands."""


def _chunks(parts: list[bytes], size: int) -> Iterator[bytes]:
    """The bytes of all parts, cut anew: each byte is copied once, and only a chunk is in memory."""
    chunk: list[bytes | memoryview] = []
    room = size
    for part in parts:
        at = 0
        while len(part) - at >= room:
            chunk.append(memoryview(part)[at : at + room])
            yield b"".join(chunk)
            at += room
            chunk, room = [], size
        if at < len(part):
            chunk.append(memoryview(part)[at:] if at else part)
            room -= len(part) - at
    if chunk:
        yield b"".join(chunk)


def _text(pair: tuple[int, int]) -> str:
    return f"{pair[0]}:{pair[1]}"


def _pair(text: str) -> tuple[int, int]:
    first, _, second = text.partition(":")
    return int(first), int(second)
