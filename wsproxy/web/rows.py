"""Frames, messages and connections as JSON objects of the API; docs/api.md describes them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from wsproxy.faults.registry import strike_mark
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Page, RoundTrip, Seen, Timeline, Traffic, Whole
from wsproxy.model.records import ConnectionRecord, FaultRecord, MessageRecord
from wsproxy.payloads.sayings import Said
from wsproxy.protocol.close import close_code_name, parse_close
from wsproxy.protocol.frames import Opcode, opcode_name
from wsproxy.protocol.lint import Violation
from wsproxy.render.jsonl import content_fields
from wsproxy.render.text import preview, printable
from wsproxy.web.extras import Extras
from wsproxy.web.interfaces import CaptureReader

SHOWN = 256 * 1024
"""Bytes of a payload that details carry; all of it is a download."""

ROW_PREVIEW = 160
"""Characters of a payload that a row shows."""


def row_object(seen: Seen, said: Said | None = None) -> dict[str, Any]:
    """A frame as a row of a list: what fits into a line. `said` is what decoders make of it."""
    record, message = seen.record, seen.message
    frame = record.frame
    row: dict[str, Any] = {
        "id": seen.id,
        "connection": record.connection_id,
        "direction": record.direction.name.lower(),
        "time": record.time,
        "opcode": opcode_name(frame.opcode),
        "fin": frame.fin if frame.received >= 0 else True,
        "rsv1": frame.rsv1,
        "payload_length": frame.payload_length,
        "content_length": (message.content_length if message is not None else frame.payload_length),
        "message": record.message,
        "preview": _preview(seen),
        "verdict": message.verdict if message is not None else "relayed",
        "marks": marks(seen),
    }
    if record.origin is not None:
        row["origin"] = record.origin
    if seen.note is not None:
        row["note"], row["marked"] = seen.note.text, seen.note.marked
    if said is not None:
        row["summary"] = said.line[:ROW_PREVIEW]
        row["protocol"], row["kind"] = said.packets[0].protocol, said.packets[0].kind
        if said.latency is not None:
            row["latency"] = said.latency
    return row


def marks(seen: Seen) -> list[str]:
    """What is out of the ordinary about a frame, in single words."""
    found = []
    message = seen.message
    if message is not None and message.verdict != "relayed":
        found.append(message.verdict)
    elif seen.record.origin is not None:
        found.append("injected")
    for fault in seen.faults:
        word = strike_mark(fault)
        if word not in found:
            found.append(word)
    if seen.record.violations or (message is not None and message.violations):
        found.append("violation")
    return found


def frame_detail(seen: Seen) -> dict[str, Any]:
    """A frame with every bit of its header, and the message that it ends."""
    record = seen.record
    frame = record.frame
    key = frame.masking_key
    detail = row_object(seen) | {
        "header": frame.header.hex(),
        "rsv2": frame.rsv2,
        "rsv3": frame.rsv3,
        "masked": frame.masked,
        "masking_key": key.hex() if key is not None else None,
        "received": frame.received,
        "header_length": len(frame.header),
        "payload": payload_object(
            frame.payload, max(frame.received, 0), text=frame.opcode == Opcode.TEXT
        ),
        "violations": violations_list(record.violations),
        "faults": [fault_object(fault) for fault in seen.faults],
        "ends_message": None,
    }
    # The readable content stands where `--log-format jsonl` has it.
    text = content_fields(record, seen.message).get("text")
    if text is not None and len(text) <= SHOWN:
        detail["text"] = text
    if frame.opcode == Opcode.CLOSE:
        code, reason = parse_close(frame.payload)
        detail["close"] = (
            {"code": code, "name": close_code_name(code), "reason": reason}
            if code is not None
            else None
        )
    if seen.message is not None:
        detail["ends_message"] = message_object(seen.message)
    return detail


def message_object(message: MessageRecord) -> dict[str, Any]:
    """A message that is more than the payload of one frame."""
    text = message.opcode == Opcode.TEXT and message.opaque is None
    return {
        "connection": message.connection_id,
        "direction": message.direction.name.lower(),
        "number": message.number,
        "time": message.time,
        "opcode": opcode_name(message.opcode),
        "content_length": message.content_length,
        "payload_length": message.payload_length,
        "compressed": message.compressed,
        "opaque": message.opaque,
        "verdict": message.verdict,
        "cause": message.cause,
        "content": payload_object(message.content, message.content_length, text=text),
        "sent": (
            payload_object(message.sent, len(message.sent), text=text)
            if message.sent is not None
            else None
        ),
        "violations": violations_list(message.violations),
    }


def whole_object(whole: Whole) -> dict[str, Any]:
    """A message with its frames."""
    return {
        "frames": whole.frame_ids,
        "message": message_object(whole.record) if whole.record is not None else None,
        "faults": [fault_object(fault) for fault in whole.faults],
    }


def payload_object(data: bytes, length: int, *, text: bool) -> dict[str, Any]:
    """A payload: `base64` of its first SHOWN bytes, and what there is of it.

    `length` is how long it was on the wire, `recorded` how much of it the capture has.
    """
    return {
        "length": length,
        "recorded": len(data),
        "text": text,
        "base64": base64.b64encode(data[:SHOWN]).decode(),
    }


def page_object(page: Page, reader: CaptureReader, extras: Extras, cut: int) -> dict[str, Any]:
    """A part of a list, its messages decoded as far as rows have them; `reader` has the rest.

    `cut`: how many frames a search could look at in part only.
    """
    sayings = reader.sayings()
    said = {seen.id: sayings.of(seen.id, seen.record, seen.message) for seen in page.rows}
    more: dict[int, dict[str, Any]] = {}
    if extras:
        more = {
            seen.id: extras.of(
                seen, said.get(seen.id), reader.connection(seen.record.connection_id)
            )
            for seen in reader.pick([seen.id for seen in page.rows])
        }
    return {
        "offset": page.offset,
        "total": page.total,
        "upto": page.upto,
        "complete": page.complete,
        "cut": cut,
        "rows": [row_object(seen, said[seen.id]) | more.get(seen.id, {}) for seen in page.rows],
    }


def connection_summary(
    connection: ConnectionRecord, traffic: Traffic | None, paused: Iterable[str] = ()
) -> dict[str, Any]:
    """A connection as a row of a list; `traffic` is None where nobody counted it.

    `paused` are the directions in which somebody stopped the reading.
    """
    end = connection.end
    up, down, bytes_up, bytes_down = traffic or (0, 0, 0, 0)
    return {
        "id": connection.id,
        "state": end.how if end else "opening" if connection.status is None else "open",
        "opened": connection.opened,
        "closed": connection.closed,
        "instance": connection.instance,
        "route": connection.route,
        "client": connection.client,
        "target": connection.target,
        "upstream": connection.upstream_url,
        "status": connection.status,
        "subprotocol": connection.subprotocol,
        "extensions": connection.extensions,
        "by": end.by if end else None,
        "code": end.code if end else None,
        "reason": end.reason if end else "",
        "note": connection.note,
        "marked": connection.marked,
        "paused": sorted(paused),
        "frames": {"upstream": up, "downstream": down},
        "bytes": {"upstream": bytes_up, "downstream": bytes_down},
    }


def connection_detail(
    connection: ConnectionRecord, traffic: Traffic | None, paused: Iterable[str] = ()
) -> dict[str, Any]:
    """A connection with its handshake."""
    return connection_summary(connection, traffic, paused) | {
        "request_headers": connection.request_headers,
        "response_reason": connection.reason,
        "response_headers": connection.response_headers,
        "endings": [ending._asdict() for ending in connection.endings],
    }


def fault_object(fault: FaultRecord) -> dict[str, Any]:
    """What a fault did."""
    direction = fault.direction
    return {
        "connection": fault.connection_id,
        "direction": direction.name.lower() if direction is not None else None,
        "time": fault.time,
        "name": fault.name,
        "type": fault.type,
        "message": fault.message,
        "detail": fault.detail,
        "before": payload_object(fault.before, len(fault.before), text=False),
        "after": payload_object(fault.after, len(fault.after), text=False),
    }


def note_object(note: NoteRecord) -> dict[str, Any]:
    """What somebody wrote down; `direction` and `message` are null for a connection's."""
    return {
        "connection": note.connection_id,
        "direction": note.direction.name.lower() if note.direction is not None else None,
        "message": note.message,
        "note": note.text,
        "marked": note.marked,
    }


def violations_list(violations: tuple[Violation, ...]) -> list[dict[str, str]]:
    """Broken rules."""
    return [
        {"rule": v.rule, "section": v.section, "text": v.text, "side": v.side.value}
        for v in violations
    ]


def timeline_object(timeline: Timeline) -> dict[str, Any]:
    """What passed over time; every pair is [upstream, downstream]."""
    return {
        "start": timeline.start,
        "step": timeline.step,
        "buckets": [bucket._asdict() for bucket in timeline.buckets],
        "strikes": timeline.strikes,
        "faults": [
            {
                "connection": fault.connection_id,
                "time": fault.time,
                "name": fault.name,
                "type": fault.type,
                "detail": fault.detail,
            }
            for fault in timeline.faults
        ],
    }


def trip_object(trip: RoundTrip) -> dict[str, Any]:
    """A request and its answer."""
    return trip._asdict()


def _preview(seen: Seen) -> str:
    frame, message = seen.record.frame, seen.message
    if frame.opcode == Opcode.CLOSE:
        code, reason = parse_close(frame.payload)
        if code is None:
            return ""
        return f"{code} {close_code_name(code)}" + (f": {printable(reason)}" if reason else "")
    if message is not None:
        opcode = message.opcode if message.opaque is None else Opcode.BINARY
        return preview(opcode, message.content, length=message.content_length, limit=ROW_PREVIEW)
    opcode = frame.opcode
    if opcode in (Opcode.CONTINUATION, Opcode.PING, Opcode.PONG) and frame.payload.isascii():
        opcode = Opcode.TEXT
    if frame.rsv1:
        opcode = Opcode.BINARY  # compressed: the message's last frame shows what it says
    return preview(opcode, frame.payload, length=max(frame.payload_length, 0), limit=ROW_PREVIEW)
