"""The live feed: what happens, told to the open pages as far as they can follow.

The relay's loop runs all of this, so its work is bounded: a batch a tick, with a few rows. What a
batch leaves out it counts, and the page fetches it from the API if somebody looks there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Any

from aiohttp import WSMsgType, web

from wsproxy.faults.registry import strike_mark, strike_marks
from wsproxy.filters.language import FilterError, Predicate, parse
from wsproxy.filters.subject import subject_of
from wsproxy.model.batches import Batch
from wsproxy.model.blocks import Columns
from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Query, Seen
from wsproxy.model.records import ConnectionRecord
from wsproxy.payloads.http import HttpSayings
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Said, Sayings, describe
from wsproxy.relay.interfaces import Clock
from wsproxy.relay.tasks import start_task
from wsproxy.web.errors import ApiError
from wsproxy.web.extras import FED_BYTES, Extras, extras_of
from wsproxy.web.httprows import http_row
from wsproxy.web.rows import connection_summary, note_object, row_object
from wsproxy.web.totals import Totals

TICK_SECONDS = 0.1
"""How often pages are told what is new."""

DECODED_BYTES = 1024
"""Of each content, for the line of its row."""

MAX_ROWS = 60
"""Rows in a batch: about a screenful."""

MAX_RECENT_BYTES = 8 * 1024 * 1024
"""Bytes of batches, payloads included, that are kept for the next tick; of what came before them no
rows are told."""

MAX_CONNECTIONS = 200
"""Connections in a batch."""

MAX_FEEDS = 64
"""Pages that listen at a time."""

MAX_WAITING = 20
"""Batches that wait for a page that reads slowly; further ones are counted as skipped."""

SEND_SECONDS = 30.0
"""How long a page may take nothing at all before it is cut off."""

Looked = dict[int, tuple[Seen, Said | None]]
"""Frames by their ids, with what they say."""


class View:
    """What one page looks at: a Query, ready to be applied to what passes."""

    def __init__(self, query: Query, extras: Extras | None = None) -> None:
        """Raises FilterError."""
        self.query = query
        self.extras = extras or Extras()
        self.matches: Predicate | None = parse(query.filter).matches if query.filter else None


class Subscriber:
    """A page that listens."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.view: View | None = None
        self._socket = socket
        self._waiting: deque[str] = deque()
        self._signal = asyncio.Event()
        self._lost = False

    def push(self, text: str) -> None:
        """Send when the page can take it; if it falls behind, it is told to fetch anew."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self._lost = True
        self._waiting.append(text)
        self._signal.set()

    async def send_all(self) -> None:
        """Send what was pushed until the page leaves, or takes nothing any more."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            while not self._socket.closed:
                await self._signal.wait()
                self._signal.clear()
                while self._waiting:
                    text = self._waiting.popleft()
                    if self._lost:
                        self._lost = False
                        await self._send('{"type":"behind"}')
                    await self._send(text)

    async def leave(self) -> None:
        """Close the socket because the proxy stops."""
        await self._socket.close(code=1001, message=b"wsproxy stops")

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self._socket.send_str(text)


class Recent:
    """What has passed since the last tick, in bounded memory."""

    def __init__(self) -> None:
        self.batches: deque[Batch] = deque()
        """The newest ones, whole: MAX_RECENT_BYTES of them, or one that is larger."""
        self.condensed: list[Columns] = []
        """The entries of what came before them: enough to count."""
        self.updates: list[dict[str, Any]] = []
        self.http: list[HttpRecord] = []
        """The newest requests of plain HTTP."""
        self.http_count = 0
        self.last_id = 0
        self._bytes = 0

    def add(self, batch: Batch) -> None:
        """Keep a batch, and let go of the oldest ones where it is too much."""
        self.batches.append(batch)
        self._bytes += batch.weight
        self.updates = (self.updates + _updates(batch))[-MAX_ROWS:]
        self.http = (self.http + batch.http)[-MAX_ROWS:]
        self.http_count += len(batch.http)
        self.last_id = batch.last_id
        while self._bytes > MAX_RECENT_BYTES and len(self.batches) > 1:
            oldest = self.batches.popleft()
            self._bytes -= oldest.weight
            self.condensed.append(oldest.block.columns)


class Feed:
    """A Watcher that tells the pages. Its methods are called on the event loop."""

    def __init__(self, clock: Clock, totals: Totals, rules: Sequence[DecodeRule] = ()) -> None:
        """`rules` say which decoder reads what."""
        self._clock = clock
        self._totals = totals
        self._subscribers: set[Subscriber] = set()
        self._connections: dict[int, ConnectionRecord] = {}
        # Only what is shown is decoded, and only its beginning: this is the relay's loop.
        self._sayings = Sayings(self._connections.get, rules, DECODED_BYTES)
        self._http_sayings = HttpSayings(rules, DECODED_BYTES)
        self._changed: dict[int, ConnectionRecord] = {}
        self._recent = Recent()
        self._upto = 0
        self._planned = False
        self._news: dict[str, Callable[[], Any]] = {}

    # As a Watcher.

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """A connection was opened, answered or ended."""
        self._totals.connection_changed(connection)
        if connection.end is None:
            self._connections[connection.id] = connection
        if self._subscribers:
            self._changed[connection.id] = connection
            self._plan()
        elif connection.end is not None:
            self._connections.pop(connection.id, None)
            self._sayings.forget(connection.id)

    def passed(self, batch: Batch) -> None:
        """Frames passed."""
        self._totals.add(batch, self._clock.time())
        if not self._subscribers:
            self._upto = batch.last_id
            return
        self._recent.add(batch)
        self._plan()

    # For the API.

    def tell(self, name: str, value: Callable[[], Any]) -> None:
        """Something else is not what it was; `value` gives it as it is when pages are told."""
        if self._subscribers:
            self._news[name] = value
            self._plan()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to a page until it leaves."""
        if len(self._subscribers) >= MAX_FEEDS:
            raise ApiError("too_many")
        socket = web.WebSocketResponse(
            heartbeat=20.0, timeout=1.0, max_msg_size=64 * 1024, compress=False
        )
        await socket.prepare(request)
        subscriber = Subscriber(socket)
        sender = start_task(subscriber.send_all(), "the feed of a page")
        self._subscribers.add(subscriber)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._heard(subscriber, message.data)
                if sender.done():
                    break
        finally:
            self._subscribers.discard(subscriber)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender
        return socket

    async def close(self) -> None:
        """Tell nobody anything any more."""
        await asyncio.gather(*(subscriber.leave() for subscriber in self._subscribers))

    def _heard(self, subscriber: Subscriber, text: str) -> None:
        try:
            asked = json.loads(text)
            connection = asked.get("connection")
            query = Query(
                int(connection) if connection is not None else None,
                str(asked.get("filter") or ""),
                control=bool(asked.get("control", True)),
                fragments=bool(asked.get("fragments", True)),
            )
            subscriber.view = View(query, extras_of(asked, FED_BYTES))
        except (FilterError, ApiError) as error:
            subscriber.view = None
            subscriber.push(json.dumps({"type": "error", "message": str(error)}))
        except (ValueError, TypeError, AttributeError, RecursionError):
            subscriber.push('{"type":"error","message":"this is not a subscription"}')
        else:
            subscriber.push(
                json.dumps(
                    {"type": "subscribed", "upto": self._upto, "tag": str(asked.get("tag", ""))}
                )
            )

    # A tick.

    def _plan(self) -> None:
        if not self._planned:
            self._planned = True
            self._clock.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._planned = False
        recent, self._recent = self._recent, Recent()
        news, self._news = self._news, {}
        if not self._subscribers:
            self._changed.clear()
            self._upto = max(self._upto, recent.last_id)
            return
        ended = [connection for connection in self._changed.values() if connection.end]
        common = self._common(recent)
        common |= {name: value() for name, value in news.items()}
        queries = {s.view.query for s in self._subscribers if s.view is not None}
        looked = self._look(recent, queries)
        said: dict[tuple[Query, str] | None, str] = {}
        for subscriber in self._subscribers:
            view = subscriber.view
            key = (view.query, view.extras.asked) if view is not None else None
            if key not in said:
                batch = dict(common)
                if view is not None and recent.last_id:
                    batch["frames"] = self._frames(view, recent, looked)
                said[key] = json.dumps(batch)
            subscriber.push(said[key])
        self._upto = max(self._upto, recent.last_id)
        for connection in ended:
            self._connections.pop(connection.id, None)
            self._sayings.forget(connection.id)

    def _common(self, recent: Recent) -> dict[str, Any]:
        """What all pages are told."""
        totals = self._totals
        changed = list(self._changed.values())
        self._changed = {}
        active, totals.changed = list(totals.changed)[-MAX_CONNECTIONS:], set()
        now = self._clock.time()
        return {
            "type": "batch",
            "time": now,
            "total": {
                "frames": totals.frames,
                "bytes": totals.bytes,
                "rate": totals.rate(now)._asdict(),
            },
            "connections": [
                connection_summary(
                    connection, totals.of(connection.id), totals.paused.get(connection.id, ())
                )
                for connection in changed[-MAX_CONNECTIONS:]
            ],
            "connections_skipped": max(len(changed) - MAX_CONNECTIONS, 0),
            "traffic": {number: totals.of(number) for number in active},
            "updates": recent.updates,
            "http": self._http(recent),
        }

    def _http(self, recent: Recent) -> dict[str, Any]:
        """The newest requests of plain HTTP, and how many before them were left out."""
        rows = [http_row(record, self._http_sayings.of(record).line) for record in recent.http]
        return {"rows": rows, "skipped": recent.http_count - len(rows)}

    def _look(self, recent: Recent, queries: set[Query]) -> Looked:
        """Decode what these queries may list: once for all, and in the order it passed."""
        looked: Looked = {}
        for batch in recent.batches:
            wanted: set[int] = set()
            for query in queries:
                wanted.update(_candidates(query, batch.block.columns)[-MAX_ROWS:])
            for seen in batch.seen(sorted(wanted)):
                looked[seen.id] = seen, self._sayings.of(seen.id, seen.record, seen.message)
        return looked

    def _frames(self, view: View, recent: Recent, looked: Looked) -> dict[str, Any]:
        """The newest rows that a view shows, and how many before them were left out."""
        rows: list[dict[str, Any]] = []
        skipped = sum(len(_candidates(view.query, columns)) for columns in recent.condensed)
        for batch in reversed(recent.batches):
            candidates = _candidates(view.query, batch.block.columns)
            room = MAX_ROWS - len(rows)
            looked_at = candidates[max(len(candidates) - room, 0) :] if room > 0 else []
            skipped += len(candidates) - len(looked_at)
            rows[:0] = self._rows(view, [looked[batch.first_id + index] for index in looked_at])
        return {
            "from": self._upto + 1,
            "to": recent.last_id,
            "rows": rows,
            "skipped": skipped,
        }

    def _rows(self, view: View, some: Iterable[tuple[Seen, Said | None]]) -> list[dict[str, Any]]:
        rows = []
        for seen, said in some:
            connection = self._connections.get(seen.record.connection_id)
            subject = subject_of(seen.record, seen.message, connection, strike_marks(seen.faults))
            describe(subject, said.packets if said is not None else ())
            if view.matches is None or view.matches(subject):
                rows.append(row_object(seen, said) | view.extras.of(seen, said, connection))
        return rows


def _candidates(query: Query, columns: Columns) -> list[int]:
    """Indexes of the frames that a query may list, by all but its filter."""
    indexes: Iterable[int] = range(len(columns.keys))
    if query.connection_id is not None:
        wanted = {query.connection_id << 1, query.connection_id << 1 | 1}
        indexes = compress(indexes, map(wanted.__contains__, columns.keys))
    if not query.control:
        indexes = filter(columns.numbers.__getitem__, indexes)
    if not query.fragments:
        indexes = [i for i in indexes if not columns.numbers[i] or columns.ends(i)]
    return list(indexes)


def _updates(batch: Batch) -> list[dict[str, Any]]:
    """What became of messages, whose rows pages may have already."""
    found: list[dict[str, Any]] = [
        {
            "connection": message.connection_id,
            "direction": message.direction.name.lower(),
            "message": message.number,
            "verdict": message.verdict,
        }
        for message in batch.messages
        if message.verdict != "relayed"
    ]
    found += [
        {
            "connection": fault.connection_id,
            "direction": fault.direction.name.lower(),
            "message": fault.message,
            "mark": strike_mark(fault),
        }
        for fault in batch.faults
        if fault.direction is not None and fault.message is not None
    ]
    found += [note_object(note) for note in batch.notes]
    return found
