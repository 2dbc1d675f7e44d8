"""pcap and pcapng of clear WebSocket traffic, as tcpdump writes them.

tshark reads the packets (every link type, IP fragments, tunnels); the bytes of each direction are
put in order here by their sequence numbers, which keeps the time of each. Frames are decoded as the
proxy decodes them.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from wsproxy.formats.interfaces import FormatError, Imported
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.records import ConnectionRecord, Direction, End
from wsproxy.protocol.handshake import Headers, header, is_upgrade, negotiated_extensions
from wsproxy.relay.decoder import StreamDecoder

MAX_WAITING = 16 * 1024 * 1024
"""Bytes of a direction that wait for a packet that is missing; then it counts as lost."""

MAX_HEAD = 256 * 1024
"""Bytes of a handshake's head."""

_FIELDS = (
    "frame.time_epoch", "tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst",
    "tcp.dstport", "tcp.seq_raw", "tcp.flags", "tcp.payload",
)  # fmt: skip


@dataclass(slots=True)
class _Way:
    """One direction: bytes in order, whatever order their packets came in."""

    next: int | None = None
    waiting: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    lost: bool = False

    def add(self, sequence: int, data: bytes) -> bytes:
        """What is in order now; what came before is left out."""
        if self.next is None:
            self.next = sequence
        if self.lost:
            return b""
        ahead = _distance(self.next, sequence)
        if ahead < 0:
            data = data[-ahead:]
            sequence = self.next
        if not data:
            return b""
        if len(data) > len(self.waiting.get(sequence, b"")):
            self.size += len(data) - len(self.waiting.get(sequence, b""))
            self.waiting[sequence] = data
        self.lost = self.size > MAX_WAITING
        return b"".join(self._ready())

    def _ready(self) -> Iterator[bytes]:
        assert self.next is not None
        while found := [at for at in self.waiting if _distance(self.next, at) <= 0]:
            for at in found:
                data = self.waiting.pop(at)
                self.size -= len(data)
                data = data[-_distance(self.next, at) :] if at != self.next else data
                self.next = (self.next + len(data)) & 0xFFFFFFFF
                yield data


def _distance(start: int, to: int) -> int:
    """How far `to` is ahead, modulo 2**32."""
    return (to - start + 0x80000000 & 0xFFFFFFFF) - 0x80000000


def read(file: BinaryIO) -> Iterator[Imported]:
    """The WebSockets in a file of packets; raises FormatError."""
    tshark = shutil.which("tshark")
    if tshark is None:
        raise FormatError("files of packets need tshark: install Wireshark's command line")
    arguments = [tshark, "-n", "-r", "-", "-Y", "tcp", "-o", "tcp.desegment_tcp_streams:FALSE"]
    arguments += ["-T", "fields", *(part for name in _FIELDS for part in ("-e", name))]
    streams: dict[str, _Stream] = {}
    with subprocess.Popen(  # noqa: S603 - a program and options of our own
        arguments, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            for line in process.stdout:
                parts = line.rstrip("\n").split("\t")
                stream = streams.get(parts[1])
                if stream is None:
                    stream = streams[parts[1]] = _Stream(len(streams) + 1)
                yield from stream.packet(parts)
            complaint = process.stderr.read()
        finally:
            process.kill()
    if "cut short" in complaint or "isn't a capture file" in complaint:
        raise FormatError(f"it is cut off or damaged: {complaint.strip().splitlines()[-1]}")


class _Stream:
    """One TCP connection."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._client: tuple[str, str] | None = None
        self._ways = (_Way(), _Way())
        self._heads = [b"", b""]
        self._record: ConnectionRecord | None = None
        self._decoders: list[StreamDecoder] = []
        self._off = False

    def packet(self, parts: list[str]) -> Iterator[Imported]:
        """What a packet brings."""
        time, source = float(parts[0]), (parts[2] or parts[3], parts[4])
        target = (parts[5] or parts[6], parts[7])
        sequence, flags = int(parts[8]), int(parts[9], 16)
        data = bytes.fromhex(parts[10].replace(":", "")) if len(parts) > 10 else b""
        if self._client is None:
            self._client = target if flags & 0x12 == 0x12 else source
        direction = Direction.UPSTREAM if source == self._client else Direction.DOWNSTREAM
        way = self._ways[direction]
        if flags & 0x02:
            way.next = (sequence + 1) & 0xFFFFFFFF
        if self._off:
            return
        if data:
            ready = way.add(sequence, data)
            if ready:
                server = target if direction is Direction.UPSTREAM else source
                yield from self._bytes(direction, ready, time, server)
        if flags & 0x05 and self._record is not None and self._record.closed is None:
            self._record.closed = time
            closes = [decoder.close for decoder in self._decoders if decoder.close is not None]
            first = min(closes, key=lambda close: close.time, default=None)
            how = "closed" if first is not None and not flags & 0x04 else "aborted"
            by = direction.sender.value
            if first is not None:
                by = next(d.direction.sender.value for d in self._decoders if d.close is first)
            code, reason = (first.code, first.reason) if first is not None else (None, "")
            self._record.end = End(how, by, code, reason)
            yield self._record

    def _bytes(
        self, direction: Direction, data: bytes, time: float, server: tuple[str, str]
    ) -> Iterator[Imported]:
        if self._decoders:
            yield from self._decode(direction, data, time)
            return
        self._heads[direction] += data
        head, end, rest = self._heads[direction].partition(b"\r\n\r\n")
        if not end:
            self._off = len(head) > MAX_HEAD
            return
        first, headers = _parse(head)
        if direction is Direction.UPSTREAM:
            if not is_upgrade(headers):
                self._off = True
                return
            target = first.split(" ")[1] if first.count(" ") >= 2 else "/"
            host, client = _joined(server), _joined(self._client or ("", ""))
            url = f"ws://{host}{target}"
            self._record = ConnectionRecord(self._number, time, client, url, target, headers)
        elif self._record is not None:
            words = first.split(" ", 2)
            record = self._record
            record.status = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
            record.reason = words[2] if len(words) > 2 else ""
            record.response_headers = headers
            record.subprotocol = header(headers, "Sec-WebSocket-Protocol")
            record.extensions = header(headers, "Sec-WebSocket-Extensions") or ""
            if record.status != 101:
                self._off = True
                record.closed, record.end = time, End("refused", "server", record.status)
                yield record
                return
            yield record
            negotiated = negotiated_extensions(headers)
            self._decoders = [StreamDecoder(record.id, way, negotiated) for way in Direction]
            early = self._heads[Direction.UPSTREAM].partition(b"\r\n\r\n")[2]
            for way, left in ((Direction.UPSTREAM, early), (Direction.DOWNSTREAM, rest)):
                if left:
                    yield from self._decode(way, left, time)

    def _decode(self, direction: Direction, data: bytes, time: float) -> Iterator[Imported]:
        out = BatchBuilder()
        while data:
            data = self._decoders[direction].decode(data, time, out, lambda: False)
        for seen in out.build_batch(1).seen():
            yield seen.record
            if seen.message is not None:
                yield seen.message


def _joined(end: tuple[str, str]) -> str:
    return f"[{end[0]}]:{end[1]}" if ":" in end[0] else f"{end[0]}:{end[1]}"


def _parse(head: bytes) -> tuple[str, Headers]:
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return first, [(name.strip(), value.strip()) for name, _, value in pairs]
