"""The objects of the API, as JSON Schema; docs/api.md explains them in prose."""

from __future__ import annotations

from typing import Any


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _list(of: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}


_STRING = {"type": "string"}
_NUMBER = {"type": "number"}
_INTEGER = {"type": "integer"}
_BOOLEAN = {"type": "boolean"}
_MAYBE_INTEGER = {"type": ["integer", "null"]}
_MAYBE_STRING = {"type": ["string", "null"]}
_DIRECTION = {"type": "string", "enum": ["upstream", "downstream"]}
_BOTH = _object(upstream=_INTEGER, downstream=_INTEGER)
_HEADERS = {"type": "array", "items": {"type": "array", "items": _STRING}}
_ANY = {"type": "object"}

_SUMMARY = {
    "id": _INTEGER,
    "state": {
        "type": "string",
        "enum": ["opening", "open", "closed", "aborted", "refused", "failed"],
    },
    "opened": _NUMBER,
    "closed": {"type": ["number", "null"]},
    "client": _STRING,
    "target": _STRING,
    "upstream": _STRING,
    "status": _MAYBE_INTEGER,
    "subprotocol": _MAYBE_STRING,
    "extensions": _STRING,
    "by": _MAYBE_STRING,
    "code": _MAYBE_INTEGER,
    "reason": _STRING,
    "frames": _BOTH,
    "bytes": _BOTH,
}

_ROW = {
    "id": _INTEGER,
    "connection": _INTEGER,
    "direction": _DIRECTION,
    "time": _NUMBER,
    "opcode": _STRING,
    "fin": _BOOLEAN,
    "rsv1": _BOOLEAN,
    "payload_length": _INTEGER,
    "content_length": _INTEGER,
    "message": _MAYBE_INTEGER,
    "preview": _STRING,
    "verdict": {"type": "string", "enum": ["relayed", "changed", "dropped", "injected"]},
    "marks": {"type": "array", "items": _STRING},
    "origin": _STRING,
}

SCHEMAS: dict[str, Any] = {
    "Error": _object(error=_object(code=_STRING, message=_STRING)),
    "Status": _object(
        version=_STRING,
        upstream=_STRING,
        proxy=_STRING,
        time=_NUMBER,
        open=_INTEGER,
        frames=_INTEGER,
        bytes=_INTEGER,
        rate=_ANY,
        left_out=_ANY,
        faults=_BOOLEAN,
    ),
    "ConnectionSummary": _object(**_SUMMARY),
    "Connections": _object(connections=_list("ConnectionSummary"), next=_MAYBE_INTEGER),
    "Connection": _object(
        **_SUMMARY,
        request_headers=_HEADERS,
        response_reason=_STRING,
        response_headers=_HEADERS,
    ),
    "Row": _object(**_ROW),
    "Page": _object(
        offset=_INTEGER, total=_INTEGER, upto=_INTEGER, complete=_BOOLEAN, rows=_list("Row")
    ),
    "Payload": _object(length=_INTEGER, recorded=_INTEGER, text=_BOOLEAN, base64=_STRING),
    "Frame": _object(
        **_ROW,
        header=_STRING,
        rsv2=_BOOLEAN,
        rsv3=_BOOLEAN,
        masked=_BOOLEAN,
        masking_key=_MAYBE_STRING,
        received=_INTEGER,
        header_length=_INTEGER,
        payload={"$ref": "#/components/schemas/Payload"},
        violations={"type": "array", "items": _ANY},
        faults={"type": "array", "items": _ANY},
        ends_message=_ANY,
        close=_ANY,
        round_trip=_ANY,
    ),
    "Message": _object(
        frames={"type": "array", "items": _INTEGER},
        message=_ANY,
        faults={"type": "array", "items": _ANY},
    ),
    "RoundTrips": _object(summary=_ANY, pairs={"type": "array", "items": _ANY}),
    "Filter": _object(filter=_STRING, explanation=_STRING, words=_ANY),
    "Timeline": _object(timeline=_ANY),
    "Sent": _object(sent=_INTEGER),
    "Done": _ANY,
    "Breakpoint": _object(
        id=_INTEGER,
        filter=_STRING,
        explanation=_STRING,
        direction=_MAYBE_STRING,
        connection=_MAYBE_INTEGER,
        control=_BOOLEAN,
        timeout=_NUMBER,
        enabled=_BOOLEAN,
        hits=_INTEGER,
    ),
    "Breakpoints": _object(breakpoints=_list("Breakpoint"), held={"type": "array", "items": _ANY}),
    "Fault": _ANY,
    "Faults": _object(faults=_list("Fault")),
    "FaultTypes": _object(types={"type": "array", "items": _ANY}),
}
