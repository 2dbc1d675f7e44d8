"""One frame with every bit, as RFC 6455, section 5.2 names them."""

from __future__ import annotations

from collections.abc import Iterator

from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, MessageRecord
from wsproxy.payloads.sayings import Said
from wsproxy.protocol.close import close_code_name, parse_close
from wsproxy.protocol.frames import Frame, Opcode, opcode_name
from wsproxy.render.pretty import date_and_clock, fault_line
from wsproxy.render.text import printable

ROW = 16
"""Bytes of a row of a hexadecimal dump."""


def detail_lines(
    seen: Seen, connection: ConnectionRecord | None, said: Said | None, *, most: int
) -> Iterator[str]:
    """All that is known of a frame. `most`: bytes of each payload that are shown; 0 for all."""
    record, frame = seen.record, seen.record.frame
    yield f"frame {seen.id} of connection #{record.connection_id}, {record.direction.name.lower()}"
    rows = [("time", date_and_clock(record.time))]
    if connection is not None:
        rows.append(("upstream", connection.upstream_url))
    if record.origin is not None:
        rows.append(("made by", record.origin))
    rows.append(("header", frame.header.hex(" ")))
    if frame.received >= 0:
        rows += list(_header(frame))
    else:
        rows.append(("received", "the stream ended inside the header"))
    if record.message is not None:
        rows.append(("message", f"{record.message}"))
    if frame.opcode == Opcode.CLOSE and (close := parse_close(frame.payload))[0] is not None:
        rows.append(("close", f"{close[0]} {close_code_name(close[0])} {close[1]}".rstrip()))
    rows += [
        ("violation", f"{v.rule} ({v.section}, {v.side.value}): {v.text}")
        for v in record.violations
    ]
    yield from (f"  {name:<16} {printable(text)}" for name, text in rows)
    yield from _payload("payload", frame.payload, max(frame.received, 0), most)
    if seen.message is not None and frame.fin:
        yield from _message(seen.message, frame, most)
    yield from (f"  {fault_line(fault)}" for fault in seen.faults)
    if said is not None:
        yield f"  says: {said.line}"


def _header(frame: Frame) -> Iterator[tuple[str, str]]:
    first, second = frame.header[0], frame.header[1]
    length = second & 0x7F
    yield "FIN", f"{first >> 7}"
    yield "RSV1 RSV2 RSV3", f"{first >> 6 & 1} {first >> 5 & 1} {first >> 4 & 1}"
    yield "opcode", f"0x{frame.opcode:x} {opcode_name(frame.opcode)}"
    yield "MASK", f"{second >> 7}"
    form = {126: "126, then 16 bits", 127: "127, then 64 bits"}.get(length, "7 bits")
    yield "payload length", f"{frame.payload_length:,} ({form})"
    if frame.masking_key is not None:
        yield "masking key", frame.masking_key.hex(" ")
    if not frame.complete:
        yield "received", f"{frame.received:,} bytes of the payload; then the stream ended"


def _message(message: MessageRecord, frame: Frame, most: int) -> Iterator[str]:
    facts = [f"{opcode_name(message.opcode)}, {message.verdict}"]
    facts += [f"by {message.cause}"] if message.cause else []
    facts += ["compressed"] if message.compressed else []
    facts += [f"opaque: {message.opaque}"] if message.opaque else []
    yield f"  ends message {message.number}: {printable(', '.join(facts))}"
    if message.content != frame.payload:
        yield from _payload("content", message.content, message.content_length, most)
    if message.sent is not None:
        yield from _payload("sent instead", message.sent, len(message.sent), most)


def _payload(name: str, data: bytes, length: int, most: int) -> Iterator[str]:
    kept = f", {len(data):,} of them recorded" if len(data) != length else ""
    yield f"  {name}: {length:,} bytes{kept}"
    shown = data[:most] if most else data
    for at in range(0, len(shown), ROW):
        row = shown[at : at + ROW]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"    {at:08x}  {row.hex(' '):<{ROW * 3 - 1}}  {text}"
    if len(shown) < len(data):
        yield f"    … {len(data) - len(shown):,} bytes more (--full shows them)"
