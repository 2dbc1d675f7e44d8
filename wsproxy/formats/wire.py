"""What was on the wire, put together again from records: handshakes and frames."""

from __future__ import annotations

import base64

from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Direction, FrameRecord
from wsproxy.protocol.frames import encode_header, make_frame
from wsproxy.protocol.handshake import Headers, accept_key, header
from wsproxy.protocol.masking import apply_mask

NO_KEY = bytes(4)
"""The masking key of frames that are made up."""

_MADE_UP_KEY = base64.b64encode(b"made up, wsproxy").decode()


def request_bytes(connection: ConnectionRecord) -> bytes:
    """The client's opening handshake; what a record lacks for one is made up."""
    headers = list(connection.request_headers)
    if header(headers, "Upgrade") is None:
        headers += [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
        ]
    if header(headers, "Host") is None:
        headers.insert(0, ("Host", connection.upstream_url.partition("://")[2].partition("/")[0]))
    if header(headers, "Sec-WebSocket-Key") is None:
        headers.append(("Sec-WebSocket-Key", _MADE_UP_KEY))
    return _head(f"GET {connection.target} HTTP/1.1", headers)


def response_bytes(connection: ConnectionRecord) -> bytes:
    """The answer to it; empty where there was none."""
    if connection.status is None:
        return b""
    headers = list(connection.response_headers)
    if connection.status == 101 and header(headers, "Upgrade") is None:
        key = header(connection.request_headers, "Sec-WebSocket-Key") or _MADE_UP_KEY
        headers += [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_key(key)),
        ]
        if connection.subprotocol:
            headers.append(("Sec-WebSocket-Protocol", connection.subprotocol))
        if connection.extensions:
            headers.append(("Sec-WebSocket-Extensions", connection.extensions))
    return _head(f"HTTP/1.1 {connection.status} {connection.reason}", headers)


def _head(first: str, headers: Headers) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    clean = (line.replace("\r", " ").replace("\n", " ") for line in lines)
    return "\r\n".join(clean).encode("utf-8", "surrogateescape")


def frame_bytes(record: FrameRecord) -> bytes:
    """A frame as it was, or, where less of its payload was kept, with a header that says so."""
    frame = record.frame
    if not frame.payload_cut:
        return frame.wire
    key = frame.masking_key
    head = encode_header(frame.header[0], len(frame.payload), key)
    return head + (apply_mask(frame.payload, key) if key else frame.payload)


def plain_bytes(record: FrameRecord, opcode: int, content: bytes) -> bytes:
    """A message as one frame without compression, in place of what `record` ends."""
    key = None
    if record.direction is Direction.UPSTREAM:
        key = record.frame.masking_key or NO_KEY
    return make_frame(opcode, content, masking_key=key).wire


class Plain:
    """What passed, less the compression: frames that were compressed become one, at the last."""

    def __init__(self) -> None:
        self._compressed: set[tuple[int, Direction]] = set()

    def of(self, seen: Seen) -> bytes:
        """The bytes in place of a frame; empty where they come with a later one."""
        record, message = seen.record, seen.message
        frame = record.frame
        if record.message is None:
            return frame_bytes(record)
        way = (record.connection_id, record.direction)
        if frame.opcode:  # a new message
            self._compressed.discard(way)
            if frame.rsv1:
                self._compressed.add(way)
        if way not in self._compressed:
            return frame_bytes(record)
        if not frame.fin or not frame.complete:
            return b""
        self._compressed.discard(way)
        if message is None or message.opaque:
            return frame_bytes(record)
        return plain_bytes(record, message.opcode, message.content)
