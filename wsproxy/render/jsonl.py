"""Records as JSON objects, one a line; docs/log.md describes every field."""

from __future__ import annotations

import base64
import json
from typing import Any

from wsproxy.model.records import ConnectionRecord, FaultRecord, FrameRecord, MessageRecord
from wsproxy.payloads.sayings import Said, said_object
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.frames import Opcode, opcode_name


def frame_object(
    frame_id: int,
    record: FrameRecord,
    message: MessageRecord | None = None,
    said: Said | None = None,
) -> dict[str, Any]:
    """A frame. `message` is the record of the message that the frame ends, if there is one, and
    `said` what decoders make of it.

    What a message says is in `text` or `content_base64` of the frame that ends it, inflated and
    joined; what one frame carried is in `payload_base64`, where it is not just that.
    """
    frame = record.frame
    key = frame.masking_key
    result: dict[str, Any] = {
        "event": "frame",
        "id": frame_id,
        "time": record.time,
        "connection": record.connection_id,
        "direction": record.direction.name.lower(),
        "opcode": opcode_name(frame.opcode),
        "fin": frame.fin,
        "rsv1": frame.rsv1,
        "rsv2": frame.rsv2,
        "rsv3": frame.rsv3,
        "masking_key": key.hex() if key is not None else None,
        "payload_length": frame.payload_length,
        "message": record.message,
        **content_fields(record, message),
    }
    if frame.payload_cut:
        result["payload_cut"] = True
    if not frame.complete:
        result["received"] = frame.received
    if frame.opcode == Opcode.CLOSE and (close := parse_close(frame.payload))[0] is not None:
        result["close_code"], result["close_reason"] = close
    if record.origin is not None:
        result["origin"] = record.origin
    if record.violations:
        result["violations"] = [
            {"rule": v.rule, "section": v.section, "text": v.text, "side": v.side.value}
            for v in record.violations
        ]
    if message is not None and frame.fin:
        result["ends_message"] = message_object(message)
    if said is not None:
        result |= said_object(said)
    return result


def content_fields(record: FrameRecord, message: MessageRecord | None) -> dict[str, str]:
    """What the message says that a frame ends, and what the frame carried."""
    frame = record.frame
    content = None
    fields = {}
    if message is not None and frame.fin:
        content = message.content
        fields = _content(content, text=message.opcode == Opcode.TEXT and message.opaque is None)
    elif frame.opcode in (Opcode.TEXT, Opcode.BINARY) and frame.fin and not frame.rsv1:
        content = frame.payload
        fields = _content(content, text=frame.opcode == Opcode.TEXT)
    if content != frame.payload:
        fields["payload_base64"] = _base64(frame.payload)
    return fields


def message_object(message: MessageRecord) -> dict[str, Any]:
    """What became of a message; its content stands beside it, not in it."""
    result: dict[str, Any] = {
        "opcode": opcode_name(message.opcode),
        "content_length": message.content_length,
        "payload_length": message.payload_length,
        "compressed": message.compressed,
        "verdict": message.verdict,
    }
    if message.opaque is not None:
        result["opaque"] = message.opaque
    if message.cause is not None:
        result["cause"] = message.cause
    if message.sent is not None:
        result |= _named("sent", message.sent, text=message.opcode == Opcode.TEXT)
    return result


def fault_object(record: FaultRecord) -> dict[str, Any]:
    """One strike of a fault."""
    return {
        "event": "fault",
        "time": record.time,
        "connection": record.connection_id,
        "direction": None if record.direction is None else record.direction.name.lower(),
        "name": record.name,
        "type": record.type,
        "message": record.message,
        "detail": record.detail,
        **_named("before", record.before, text=True),
        **_named("after", record.after, text=True),
    }


def connection_object(connection: ConnectionRecord) -> dict[str, Any]:
    """A connection that opened, was refused or ended."""
    end = connection.end
    return {
        "event": "connection",
        "connection": connection.id,
        **({"instance": connection.instance} if connection.instance else {}),
        **({"route": connection.route} if connection.route else {}),
        "time": connection.closed or connection.opened,
        "state": end.how if end else "open",
        "client": connection.client,
        "target": connection.target,
        "upstream": connection.upstream_url,
        "status": connection.status,
        "subprotocol": connection.subprotocol,
        "extensions": connection.extensions,
        "by": end.by if end else None,
        "code": end.code if end else None,
        "reason": end.reason if end else "",
    }


def dump(value: dict[str, Any]) -> str:
    """One line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _content(data: bytes, *, text: bool) -> dict[str, str]:
    decoded = _decoded(data) if text else None
    return {"content_base64": _base64(data)} if decoded is None else {"text": decoded}


def _named(name: str, data: bytes, *, text: bool) -> dict[str, str]:
    decoded = _decoded(data) if text else None
    return {f"{name}_base64": _base64(data)} if decoded is None else {f"{name}_text": decoded}


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
