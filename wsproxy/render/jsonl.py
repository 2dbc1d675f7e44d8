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
        **_payload("payload", frame.payload, text=frame.opcode == Opcode.TEXT and not frame.rsv1),
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


def message_object(message: MessageRecord) -> dict[str, Any]:
    """A message that is more than the payload of one frame."""
    result: dict[str, Any] = {
        "opcode": opcode_name(message.opcode),
        "content_length": message.content_length,
        "payload_length": message.payload_length,
        "compressed": message.compressed,
        "verdict": message.verdict,
        **_payload("content", message.content, text=message.opcode == Opcode.TEXT),
    }
    if message.opaque is not None:
        result["opaque"] = message.opaque
    if message.cause is not None:
        result["cause"] = message.cause
    if message.sent is not None:
        result |= _payload("sent", message.sent, text=message.opcode == Opcode.TEXT)
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
        "before_base64": base64.b64encode(record.before).decode(),
        "after_base64": base64.b64encode(record.after).decode(),
    }


def connection_object(connection: ConnectionRecord) -> dict[str, Any]:
    """A connection that opened, was refused or ended."""
    end = connection.end
    return {
        "event": "connection",
        "connection": connection.id,
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


def _payload(name: str, data: bytes, *, text: bool) -> dict[str, str]:
    if text:
        try:
            return {name: data.decode()}
        except UnicodeDecodeError:
            pass
    return {f"{name}_base64": base64.b64encode(data).decode()}
