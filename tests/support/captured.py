"""Captures in memory, written by hand or by hypothesis, as the formats see them."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st

from tests.support.recording import batch_of
from wsproxy.formats.interfaces import Imported, LeftOut
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteKey, NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import (
    ConnectionRecord,
    Counted,
    Direction,
    End,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import accept_key, negotiated_extensions
from wsproxy.relay.decoder import StreamDecoder

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
DEFLATE = ("Sec-WebSocket-Extensions", "permessage-deflate")


class MemoryCapture:
    """A CaptureReader of what an importer told, or a test."""

    def __init__(self, items: Iterable[Imported]) -> None:
        self._connections: dict[int, ConnectionRecord] = {}
        self._frames: list[FrameRecord] = []
        self._messages: dict[tuple[int, int, int], MessageRecord] = {}
        self._faults: list[FaultRecord] = []
        self._http: list[HttpRecord] = []
        self._left_out: dict[str, Counted] = {}
        self._notes: dict[NoteKey, NoteRecord] = {}
        for item in items:
            if isinstance(item, ConnectionRecord):
                self._connections[item.id] = item
            elif isinstance(item, FrameRecord):
                self._frames.append(item)
            elif isinstance(item, MessageRecord):
                self._messages[item.connection_id, item.direction, item.number] = item
            elif isinstance(item, LeftOut):
                self._left_out[item.why] = Counted(item.frames, item.bytes)
            elif isinstance(item, HttpRecord):
                self._http.append(item)
            elif isinstance(item, FaultRecord):
                self._faults.append(item)
            else:
                self._notes[item.key] = item

    def connections(self) -> list[ConnectionRecord]:
        for number, connection in self._connections.items():
            note = self._notes.get((number, None, None), NoteRecord(number))
            connection.note, connection.marked = note.text, note.marked
        return sorted(self._connections.values(), key=lambda connection: connection.id)

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        for frame_id, record in enumerate(self._frames, 1):
            if connection_id not in (None, record.connection_id):
                continue
            message = note = None
            if record.frame.fin and record.message is not None:
                key = (record.connection_id, record.direction, record.message)
                message, note = self._messages.get(key), self._notes.get(key)
            yield Seen(frame_id, record, message, note=note)

    def fault_records(self, connection_id: int | None = None) -> list[FaultRecord]:
        return [f for f in self._faults if connection_id in (None, f.connection_id)]

    def http(self) -> list[HttpRecord]:
        return self._http

    def left_out(self) -> dict[str, Counted]:
        return self._left_out


def conversation(
    connection_id: int = 1,
    *,
    deflate: bool = False,
    target: str = "/chat?x=1",
    opened: float = 1000.0,
    end: End | None = End("closed", "client", 1000, "bye"),  # noqa: B008 - a value
) -> ConnectionRecord:
    """A connection whose handshake is whole."""
    extensions = [DEFLATE] if deflate else []
    return ConnectionRecord(
        connection_id,
        opened,
        "10.0.0.5:1234",
        f"ws://server.example:8000/api{target}",
        target,
        [
            ("Host", "proxy.example:8080"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", KEY),
            ("Sec-WebSocket-Version", "13"),
            *extensions,
        ],
        101,
        "Switching Protocols",
        [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_key(KEY)),
            *extensions,
        ],
        None,
        "permessage-deflate" if deflate else "",
        opened + 100 if end else None,
        end,
    )


class Peers:
    """Both peers of a connection: what they send becomes records as the proxy makes them."""

    def __init__(self, connection: ConnectionRecord) -> None:
        self.connection = connection
        negotiated = negotiated_extensions(connection.response_headers)
        self._decoders = [StreamDecoder(connection.id, way, negotiated) for way in Direction]
        self._deflate = negotiated.deflate is not None
        self._deflaters = [zlib.compressobj(wbits=-15) for _ in Direction]
        self.time = connection.opened + 1
        self.items: list[Imported] = [connection]

    def say(
        self,
        direction: Direction,
        content: bytes | str,
        *,
        opcode: int | None = None,
        cuts: Iterable[int] = (),
        after: float = 0.25,
        key: bytes = b"\x01\x02\x03\x04",
        compress: bool = True,
    ) -> Peers:
        """A message (or a control frame), cut into fragments at `cuts`."""
        if opcode is None:
            opcode = 1 if isinstance(content, str) else 2
        payload = content.encode() if isinstance(content, str) else content
        compressed = self._deflate and opcode < 8 and compress
        if compressed:
            deflater = self._deflaters[direction]
            payload = (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
        places = [0, *sorted({min(cut, len(payload)) for cut in cuts}), len(payload)]
        parts = [payload[a:b] for a, b in pairwise(places)]
        wire = b"".join(
            make_frame(
                opcode if index == 0 else 0,
                part,
                fin=index == len(parts) - 1,
                rsv1=compressed and index == 0,
                masking_key=key if direction is UP else None,
            ).wire
            for index, part in enumerate(parts)
        )
        return self.send(direction, wire, after=after)

    def send(self, direction: Direction, wire: bytes, *, after: float = 0.25) -> Peers:
        """Any bytes."""
        self.time += after
        for seen in batch_of((self._decoders[direction], self.time, wire)).seen():
            self.items.append(seen.record)
            if seen.message is not None:
                self.items.append(seen.message)
        return self

    def change_last(self, sent: bytes | None, verdict: str = "changed") -> Peers:
        """The last message was changed on its way, dropped or injected."""
        *_, record = (item for item in self.items if isinstance(item, FrameRecord))
        if verdict == "injected":  # then no peer sent its frames
            for place, item in enumerate(self.items):
                key = (record.connection_id, record.direction, record.message)
                if isinstance(item, FrameRecord) and (*item[:2], item.message) == key:
                    self.items[place] = item._replace(origin="wsproxy")
        last = self.items[-1]
        if isinstance(last, MessageRecord):
            self.items[-1] = replace(last, verdict=verdict, sent=sent, cause="addon")
        else:
            frame = record.frame
            assert record.message is not None
            self.items.append(
                MessageRecord(
                    record.connection_id,
                    record.direction,
                    record.message,
                    record.time,
                    frame.opcode,
                    frame.payload,
                    frame.payload_length,
                    frame.payload_length,
                    False,
                    None,
                    verdict,
                    sent,
                    "addon",
                )
            )
        return self


_CONTENTS = st.one_of(
    st.text(max_size=50),
    st.binary(max_size=50),
    st.sampled_from([126, 65_536]).map(lambda n: b"x" * n),
)
_SAYS = st.tuples(
    st.sampled_from([UP, DOWN]),
    _CONTENTS,
    st.lists(st.integers(0, 60), max_size=2),
    st.sampled_from(["relayed"] * 5 + ["changed", "dropped", "injected"]),
)
_CONTROL = st.tuples(st.sampled_from([UP, DOWN]), st.binary(max_size=125), st.sampled_from([9, 10]))


_NOTES = st.sampled_from([[], [], [], [("look: ä\n#1", False)], [("", True)], [("both", True)]])


def _request(number: int, draw: st.DrawFn) -> HttpRecord:
    """A request of plain HTTP and its answer."""
    asked, sent = draw(st.binary(max_size=30)), draw(st.binary(max_size=30))
    at = 1000.5 + number
    return HttpRecord(
        number + 1, at, "10.0.0.5:99", "POST", "/x?y=%20", "http://server.example:8000/x?y=%20",
        "HTTP/1.1", [("Host", "server.example"), ("User-Agent", "t")], None, 200, "OK",
        [("Content-Type", "text/plain")], at + 0.25, at + 0.5, draw(st.sampled_from([None, "cut"])),
        len(asked), len(sent), asked, sent,
    )  # fmt: skip


@st.composite
def captures(draw: st.DrawFn, *, odd: bool = True) -> list[Imported]:
    """Connections, one after the other; `odd`: with faults and broken frames, too."""
    items: list[Imported] = [_request(number, draw) for number in range(draw(st.integers(0, 2)))]
    for number in range(1, draw(st.integers(1, 3)) + 1):
        ended = draw(
            st.sampled_from([End("closed", "client", 1000, "bye"), End("aborted", "server")])
        )
        peers = Peers(
            conversation(
                number, deflate=draw(st.booleans()), opened=1000.0 + 1000 * number, end=ended
            )
        )
        for what in draw(st.lists(st.one_of(_SAYS, _CONTROL), max_size=8)):
            if len(what) == 3:
                peers.say(what[0], what[1], opcode=what[2])
                continue
            direction, content, cuts, verdict = what
            # What the proxy injects is not compressed: no peer's context has it.
            peers.say(direction, content, cuts=cuts, compress=verdict != "injected")
            if verdict != "relayed":
                peers.change_last(b"other" if verdict == "changed" else None, verdict)
        if odd:
            generator = random.Random(draw(st.integers(0, 1000)))
            peers.send(DOWN, generator.randbytes(generator.randrange(40)))
            peers.items.append(
                FaultRecord(number, UP, peers.time, "slow", "latency", 1, "late", b"\xff", b"b")
            )
        noted = [
            NoteRecord(number, record.direction, record.message, text, marked)
            for record in peers.items
            if isinstance(record, FrameRecord) and record.frame.fin and record.message
            for text, marked in draw(_NOTES)
        ]
        noted += [NoteRecord(number, None, None, *note) for note in draw(_NOTES)]
        items += [*peers.items, *noted]
    return items
