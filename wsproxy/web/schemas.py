"""The objects of the API, as JSON Schema; docs/api.md explains them in prose.

Every property is there in every answer, unless its schema is `_optional`.
"""

from __future__ import annotations

from typing import Any


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"x-optional": True}


def _object(**properties: Any) -> dict[str, Any]:
    required = [name for name, schema in properties.items() if "x-optional" not in schema]
    stripped = {
        name: {key: value for key, value in schema.items() if key != "x-optional"}
        for name, schema in properties.items()
    }
    return {"type": "object", "properties": stripped, "required": required}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(of: str | dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _ref(of) if isinstance(of, str) else of}


def _or_null(of: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "null"}]}


_STRING = {"type": "string"}
_NUMBER = {"type": "number"}
_INTEGER = {"type": "integer"}
_BOOLEAN = {"type": "boolean"}
_MAYBE_INTEGER = {"type": ["integer", "null"]}
_MAYBE_NUMBER = {"type": ["number", "null"]}
_MAYBE_STRING = {"type": ["string", "null"]}
_DIRECTION = {"type": "string", "enum": ["upstream", "downstream"]}
_BOTH = _object(upstream=_INTEGER, downstream=_INTEGER)
_PAIR = {
    "type": "array",
    "prefixItems": [_NUMBER, _NUMBER],
    "minItems": 2,
    "maxItems": 2,
    "description": "Upstream and downstream.",
}
_HEADERS = _list({"type": "array", "prefixItems": [_STRING, _STRING], "minItems": 2, "maxItems": 2})
_ANY = {"type": "object", "additionalProperties": True}
_ANYTHING: dict[str, Any] = {}

_NOTE = _object(
    connection=_INTEGER,
    direction=_or_null(_DIRECTION),
    message=_MAYBE_INTEGER,
    note=_STRING,
    marked=_BOOLEAN,
)

_SUMMARY = {
    "id": _INTEGER,
    "state": {
        "type": "string",
        "enum": ["opening", "open", "closed", "aborted", "refused", "failed"],
    },
    "opened": _NUMBER,
    "closed": _MAYBE_NUMBER,
    "instance": {"type": "string", "description": "Of a fleet; empty for the only one."},
    "client": _STRING,
    "target": _STRING,
    "upstream": _STRING,
    "status": _MAYBE_INTEGER,
    "subprotocol": _MAYBE_STRING,
    "extensions": _STRING,
    "by": _MAYBE_STRING,
    "code": _MAYBE_INTEGER,
    "reason": _STRING,
    "note": _STRING,
    "marked": _BOOLEAN,
    "paused": _list(_DIRECTION),
    "frames": _BOTH,
    "bytes": _BOTH,
}

_HTTP_ROW = {
    "id": _INTEGER,
    "connection": _MAYBE_INTEGER,
    "started": _NUMBER,
    "answered": _MAYBE_NUMBER,
    "ended": _MAYBE_NUMBER,
    "client": _STRING,
    "agent": _STRING,
    "method": _STRING,
    "target": _STRING,
    "upstream": _STRING,
    "status": _MAYBE_INTEGER,
    "reason": _STRING,
    "error": _MAYBE_STRING,
    "content_type": _STRING,
    "request_length": _INTEGER,
    "response_length": _INTEGER,
    "summary": _STRING,
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
    "marks": _list(_STRING),
    "note": _optional(_STRING),
    "marked": _optional(_BOOLEAN),
    "origin": _optional(_STRING),
    "summary": _optional(_STRING),
    "protocol": _optional(_STRING),
    "kind": _optional(_STRING),
    "latency": _optional(_NUMBER),
    "columns": _optional(_list(_MAYBE_STRING)),
    "colours": _optional(_list(_INTEGER)),
}

_FAULT = {
    "name": _STRING,
    "type": _STRING,
    "direction": {"type": "string", "enum": ["upstream", "downstream", "both"]},
    "toxicity": _NUMBER,
    "enabled": _BOOLEAN,
    "match": _MAYBE_STRING,
    "probability": _MAYBE_NUMBER,
    "every": _MAYBE_INTEGER,
    "first": _MAYBE_INTEGER,
    "nth": {"description": "A number, a list of numbers, or null."},
    "after": {"type": ["string", "null"]},
    "for": {"type": ["string", "null"]},
    "attributes": _ANY,
    "strikes": _INTEGER,
}

SCHEMAS: dict[str, Any] = {
    "Error": _object(error=_object(code=_STRING, message=_STRING)),
    "Rate": _object(frames=_PAIR, bytes=_PAIR),
    "Status": _object(
        version=_STRING,
        upstream=_STRING,
        proxy=_STRING,
        time=_NUMBER,
        open=_INTEGER,
        frames=_INTEGER,
        bytes=_INTEGER,
        rate=_ref("Rate"),
        left_out=_ANY,
        steers=_BOOLEAN,
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
    "ExportFormats": _object(
        formats=_list(
            _object(
                name=_STRING, title=_STRING, suffix=_STRING, content_type=_STRING, lacks=_STRING
            )
        )
    ),
    "Note": _NOTE,
    "Notes": _object(offset=_INTEGER, total=_INTEGER, notes=_list("Note")),
    "Page": _object(
        offset=_INTEGER, total=_INTEGER, upto=_INTEGER, complete=_BOOLEAN, rows=_list("Row")
    ),
    "Payload": _object(length=_INTEGER, recorded=_INTEGER, text=_BOOLEAN, base64=_STRING),
    "Violation": _object(rule=_STRING, section=_STRING, text=_STRING, side=_STRING),
    "Strike": _object(
        connection=_INTEGER,
        direction=_or_null(_DIRECTION),
        time=_NUMBER,
        name=_STRING,
        type=_STRING,
        message=_MAYBE_INTEGER,
        detail=_STRING,
        before=_ref("Payload"),
        after=_ref("Payload"),
    ),
    "RecordedMessage": _object(
        connection=_INTEGER,
        direction=_DIRECTION,
        number=_INTEGER,
        time=_NUMBER,
        opcode=_STRING,
        content_length=_INTEGER,
        payload_length=_INTEGER,
        compressed=_BOOLEAN,
        opaque=_MAYBE_STRING,
        verdict=_STRING,
        cause=_MAYBE_STRING,
        content=_ref("Payload"),
        sent=_or_null(_ref("Payload")),
        violations=_list("Violation"),
    ),
    "Packet": _object(
        protocol=_STRING,
        kind=_STRING,
        summary=_STRING,
        sure={"type": "string", "enum": ["guess", "likely", "sure"]},
        pair=_optional(
            _object(
                key=_STRING,
                role={"type": "string", "enum": ["request", "answer", "part", "last"]},
                asker=_DIRECTION,
            )
        ),
        tree=_optional(_ANYTHING),
    ),
    "HttpRequest": _object(**_HTTP_ROW),
    "HttpRequests": _object(requests=_list("HttpRequest"), next=_MAYBE_INTEGER),
    "HttpBody": _object(
        length=_INTEGER,
        recorded=_INTEGER,
        coding=_MAYBE_STRING,
        problem=_MAYBE_STRING,
        text=_BOOLEAN,
        whole=_BOOLEAN,
        base64=_STRING,
    ),
    "HttpDetail": _object(
        **_HTTP_ROW,
        version=_STRING,
        request_headers=_HEADERS,
        response_headers=_HEADERS,
        request=_ref("HttpBody"),
        response=_ref("HttpBody"),
        asked=_list("Packet"),
        answered_with=_list("Packet"),
    ),
    "RoundTrip": _object(request=_INTEGER, answer=_INTEGER, seconds=_NUMBER, key=_STRING),
    "Frame": _object(
        **_ROW,
        header=_STRING,
        rsv2=_BOOLEAN,
        rsv3=_BOOLEAN,
        masked=_BOOLEAN,
        masking_key=_MAYBE_STRING,
        received=_INTEGER,
        header_length=_INTEGER,
        payload=_ref("Payload"),
        violations=_list("Violation"),
        faults=_list("Strike"),
        text=_optional(_STRING),
        ends_message=_or_null(_ref("RecordedMessage")),
        close=_optional(_or_null(_object(code=_INTEGER, name=_STRING, reason=_STRING))),
        round_trip=_or_null(_ref("RoundTrip")),
        decoded=_optional(_list("Packet")),
    ),
    "Message": _object(
        frames=_list(_INTEGER),
        message=_or_null(_ref("RecordedMessage")),
        faults=_list("Strike"),
    ),
    "RoundTrips": _object(
        summary=_object(
            count=_INTEGER,
            median=_optional(_NUMBER),
            p95=_optional(_NUMBER),
            max=_optional(_NUMBER),
        ),
        pairs=_list("RoundTrip"),
    ),
    "Exchange": _object(
        connection=_INTEGER,
        protocol=_STRING,
        kind=_STRING,
        key=_STRING,
        asker=_DIRECTION,
        state={"type": "string", "enum": ["answered", "waiting", "unanswered"]},
        request=_INTEGER,
        asked=_NUMBER,
        summary=_STRING,
        answer=_MAYBE_INTEGER,
        latency=_MAYBE_NUMBER,
        answer_summary=_MAYBE_STRING,
        parts=_INTEGER,
        last=_MAYBE_INTEGER,
        duration=_MAYBE_NUMBER,
    ),
    "Exchanges": _object(
        exchanges=_list("Exchange"),
        kinds=_list(
            _object(
                protocol=_STRING,
                kind=_STRING,
                requests=_INTEGER,
                answered=_INTEGER,
                p50=_MAYBE_NUMBER,
                p95=_MAYBE_NUMBER,
                p99=_MAYBE_NUMBER,
            )
        ),
        messages=_INTEGER,
        total=_INTEGER,
    ),
    "Session": _object(
        client=_STRING,
        agent=_STRING,
        target=_STRING,
        connections=_list(
            _object(
                id=_INTEGER,
                opened=_NUMBER,
                closed=_MAYBE_NUMBER,
                state=_STRING,
                code=_MAYBE_INTEGER,
            )
        ),
    ),
    "Sessions": _object(sessions=_list("Session")),
    "Difference": _object(
        what={
            "type": "string",
            "description": "missing, extra, moved, changed, later, or connection missing or extra",
        },
        path=_STRING,
        connection=_INTEGER,
        before=_optional(_ref("Compared")),
        after=_optional(_ref("Compared")),
        changes=_optional(_list(_object(path=_STRING, before=_STRING, after=_STRING))),
        seconds=_optional(_NUMBER),
    ),
    "Compared": _object(
        frame=_INTEGER, message=_INTEGER, direction=_DIRECTION, kind=_STRING, text=_STRING
    ),
    "Comparison": _object(
        same=_BOOLEAN,
        connections=_INTEGER,
        messages=_INTEGER,
        differences=_list("Difference"),
        ignored={"type": "object", "additionalProperties": _INTEGER},
    ),
    "View": _object(url=_STRING),
    "Filter": _object(
        filter=_STRING,
        explanation=_STRING,
        words={"type": "object", "additionalProperties": _STRING},
    ),
    "Bucket": _object(messages=_PAIR, control=_PAIR, bytes=_PAIR, largest=_PAIR),
    "Timeline": _object(
        timeline=_or_null(
            _object(
                start=_NUMBER,
                step=_NUMBER,
                buckets=_list("Bucket"),
                strikes=_list(_INTEGER),
                faults=_list(
                    _object(
                        connection=_INTEGER,
                        time=_NUMBER,
                        name=_STRING,
                        type=_STRING,
                        detail=_STRING,
                    )
                ),
            )
        )
    ),
    "Sent": _object(sent=_INTEGER),
    "Done": _ANY,
    "Breakpoint": _object(
        id=_INTEGER,
        filter=_STRING,
        explanation=_STRING,
        direction=_or_null(_DIRECTION),
        connection=_MAYBE_INTEGER,
        control=_BOOLEAN,
        timeout=_NUMBER,
        at_timeout={"type": "string", "enum": ["forward", "drop"]},
        enabled=_BOOLEAN,
        hits=_INTEGER,
    ),
    "Held": _object(
        id=_INTEGER,
        breakpoint=_INTEGER,
        connection=_INTEGER,
        direction=_DIRECTION,
        time=_NUMBER,
        until=_NUMBER,
        opcode=_STRING,
        message=_MAYBE_INTEGER,
        readable=_BOOLEAN,
        content_length=_INTEGER,
        behind=_INTEGER,
        text=_BOOLEAN,
        base64=_STRING,
    ),
    "Breakpoints": _object(breakpoints=_list("Breakpoint"), held=_list("Held")),
    "Fault": _object(**_FAULT),
    "Fleet": _object(
        name=_STRING,
        revision=_INTEGER,
        pending=_INTEGER,
        trouble=_STRING,
        unreadable=_INTEGER,
        instances=_list(_ANY),
    ),
    "Faults": _object(faults=_list("Fault"), seed=_INTEGER),
    "Checked": _object(explanations=_list(_STRING), seed=_MAYBE_INTEGER),
    "FaultTypes": _object(
        types=_list(
            _object(
                type=_STRING,
                summary=_STRING,
                effect=_STRING,
                strikes=_STRING,
                example=_STRING,
                attributes=_list(
                    _object(
                        name=_STRING,
                        unit=_STRING,
                        doc=_STRING,
                        required=_BOOLEAN,
                        default=_ANYTHING,
                    )
                ),
            )
        )
    ),
}
