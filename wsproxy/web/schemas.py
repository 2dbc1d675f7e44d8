"""The objects of the API, as JSON Schema; docs/api.md explains them in prose.

Every property is there in every answer, unless its schema is `optional`.
"""

from __future__ import annotations

from typing import Any

from wsproxy.web.shapes import (
    ANY,
    ANYTHING,
    BOOLEAN,
    BOTH,
    COUNTS,
    DIRECTION,
    HEADERS,
    HTTP_ROW,
    INTEGER,
    MAYBE_INTEGER,
    MAYBE_NUMBER,
    MAYBE_STRING,
    NOTE,
    NUMBER,
    PAIR,
    PAYLOAD,
    ROW,
    STRING,
    list_of,
    object_of,
    optional,
    or_null,
    ref,
)
from wsproxy.web.statistics_shapes import STATISTICS

_SUMMARY = {
    "id": INTEGER,
    "state": {
        "type": "string",
        "enum": ["opening", "open", "closed", "aborted", "refused", "failed"],
    },
    "opened": NUMBER,
    "closed": MAYBE_NUMBER,
    "instance": {"type": "string", "description": "Of a fleet; empty for the only one."},
    "route": {"type": "string", "description": "The client's port, of several; else empty."},
    "client": STRING,
    "target": STRING,
    "upstream": STRING,
    "status": MAYBE_INTEGER,
    "subprotocol": MAYBE_STRING,
    "extensions": STRING,
    "by": MAYBE_STRING,
    "code": MAYBE_INTEGER,
    "reason": STRING,
    "note": STRING,
    "marked": BOOLEAN,
    "paused": list_of(DIRECTION),
    "frames": BOTH,
    "bytes": BOTH,
}

_FAULT = {
    "name": STRING,
    "type": STRING,
    "direction": {"type": "string", "enum": ["upstream", "downstream", "both"]},
    "toxicity": NUMBER,
    "enabled": BOOLEAN,
    "match": MAYBE_STRING,
    "probability": MAYBE_NUMBER,
    "every": MAYBE_INTEGER,
    "first": MAYBE_INTEGER,
    "nth": {"description": "A number, a list of numbers, or null."},
    "after": {"type": ["string", "null"]},
    "for": {"type": ["string", "null"]},
    "attributes": ANY,
    "strikes": INTEGER,
}

SCHEMAS: dict[str, Any] = {
    "Error": object_of(error=object_of(code=STRING, message=STRING)),
    "Rate": object_of(frames=PAIR, bytes=PAIR),
    "Status": object_of(
        version=STRING,
        upstream=STRING,
        proxy=STRING,
        routes={"type": "array", "items": object_of(proxy=STRING, upstream=STRING)},
        time=NUMBER,
        open=INTEGER,
        frames=INTEGER,
        bytes=INTEGER,
        rate=ref("Rate"),
        left_out=ANY,
        steers=BOOLEAN,
        faults=BOOLEAN,
        fleet=BOOLEAN,
    ),
    "ConnectionSummary": object_of(**_SUMMARY),
    "Connections": object_of(connections=list_of("ConnectionSummary"), next=MAYBE_INTEGER),
    "Connection": object_of(
        **_SUMMARY,
        request_headers=HEADERS,
        response_reason=STRING,
        response_headers=HEADERS,
        endings=list_of(
            object_of(
                time=NUMBER,
                what={"type": "string", "enum": ["Close", "FIN", "RST"]},
                by=STRING,
            )
        ),
    ),
    "Row": object_of(**ROW),
    "ExportFormats": object_of(
        formats=list_of(
            object_of(name=STRING, title=STRING, suffix=STRING, content_type=STRING, lacks=STRING)
        )
    ),
    "Note": NOTE,
    "Notes": object_of(offset=INTEGER, total=INTEGER, notes=list_of("Note")),
    "Page": object_of(
        **dict.fromkeys(("offset", "total", "upto", "cut"), INTEGER),
        complete=BOOLEAN,
        rows=list_of("Row"),
    ),
    "Payload": PAYLOAD,
    "Violation": object_of(rule=STRING, section=STRING, text=STRING, side=STRING),
    "Strike": object_of(
        connection=INTEGER,
        direction=or_null(DIRECTION),
        time=NUMBER,
        name=STRING,
        type=STRING,
        message=MAYBE_INTEGER,
        detail=STRING,
        before=ref("Payload"),
        after=ref("Payload"),
    ),
    "RecordedMessage": object_of(
        connection=INTEGER,
        direction=DIRECTION,
        number=INTEGER,
        time=NUMBER,
        opcode=STRING,
        content_length=INTEGER,
        payload_length=INTEGER,
        compressed=BOOLEAN,
        opaque=MAYBE_STRING,
        verdict=STRING,
        cause=MAYBE_STRING,
        content=ref("Payload"),
        sent=or_null(ref("Payload")),
        violations=list_of("Violation"),
    ),
    "Packet": object_of(
        protocol=STRING,
        kind=STRING,
        summary=STRING,
        sure={"type": "string", "enum": ["guess", "likely", "sure"]},
        pair=optional(
            object_of(
                key=STRING,
                role={"type": "string", "enum": ["request", "answer", "part", "last"]},
                asker=DIRECTION,
            )
        ),
        tree=optional(ANYTHING),
    ),
    "HttpRequest": object_of(**HTTP_ROW),
    "HttpRequests": object_of(requests=list_of("HttpRequest"), next=MAYBE_INTEGER),
    "HttpWaiting": object_of(now=NUMBER, waiting=INTEGER, requests=list_of("HttpRequest")),
    "HttpBody": object_of(
        length=INTEGER,
        recorded=INTEGER,
        coding=MAYBE_STRING,
        problem=MAYBE_STRING,
        text=BOOLEAN,
        whole=BOOLEAN,
        base64=STRING,
    ),
    "HttpDetail": object_of(
        **HTTP_ROW,
        version=STRING,
        request_headers=HEADERS,
        response_headers=HEADERS,
        request=ref("HttpBody"),
        response=ref("HttpBody"),
        asked=list_of("Packet"),
        answered_with=list_of("Packet"),
    ),
    "RoundTrip": object_of(request=INTEGER, answer=INTEGER, seconds=NUMBER, key=STRING),
    "Frame": object_of(
        **ROW,
        header=STRING,
        rsv2=BOOLEAN,
        rsv3=BOOLEAN,
        masked=BOOLEAN,
        masking_key=MAYBE_STRING,
        received=INTEGER,
        header_length=INTEGER,
        payload=ref("Payload"),
        violations=list_of("Violation"),
        faults=list_of("Strike"),
        text=optional(STRING),
        ends_message=or_null(ref("RecordedMessage")),
        close=optional(or_null(object_of(code=INTEGER, name=STRING, reason=STRING))),
        round_trip=or_null(ref("RoundTrip")),
        decoded=optional(list_of("Packet")),
    ),
    "Message": object_of(
        frames=list_of(INTEGER),
        message=or_null(ref("RecordedMessage")),
        faults=list_of("Strike"),
    ),
    "RoundTrips": object_of(
        summary=object_of(
            count=INTEGER,
            median=optional(NUMBER),
            p95=optional(NUMBER),
            max=optional(NUMBER),
        ),
        pairs=list_of("RoundTrip"),
    ),
    "Exchange": object_of(
        connection=INTEGER,
        protocol=STRING,
        kind=STRING,
        key=STRING,
        asker=DIRECTION,
        state={"type": "string", "enum": ["answered", "waiting", "unanswered"]},
        request=INTEGER,
        asked=NUMBER,
        summary=STRING,
        answer=MAYBE_INTEGER,
        latency=MAYBE_NUMBER,
        answer_summary=MAYBE_STRING,
        parts=INTEGER,
        last=MAYBE_INTEGER,
        duration=MAYBE_NUMBER,
    ),
    "Exchanges": object_of(
        exchanges=list_of("Exchange"),
        found=INTEGER,
        kinds=list_of(
            object_of(
                protocol=STRING,
                kind=STRING,
                requests=INTEGER,
                answered=INTEGER,
                p50=MAYBE_NUMBER,
                p95=MAYBE_NUMBER,
                p99=MAYBE_NUMBER,
            )
        ),
        messages=INTEGER,
        total=INTEGER,
        complete=BOOLEAN,
    ),
    "Session": object_of(
        client=STRING,
        agent=STRING,
        target=STRING,
        connections=list_of(
            object_of(
                id=INTEGER,
                opened=NUMBER,
                closed=MAYBE_NUMBER,
                state=STRING,
                code=MAYBE_INTEGER,
            )
        ),
    ),
    "Sessions": object_of(sessions=list_of("Session")),
    "Difference": object_of(
        what={
            "type": "string",
            "description": "missing, extra, moved, changed, later, or connection missing or extra",
        },
        path=STRING,
        connection=INTEGER,
        before=optional(ref("Compared")),
        after=optional(ref("Compared")),
        changes=optional(list_of(object_of(path=STRING, before=STRING, after=STRING))),
        seconds=optional(NUMBER),
    ),
    "Compared": object_of(
        frame=INTEGER, message=INTEGER, direction=DIRECTION, kind=STRING, text=STRING
    ),
    **STATISTICS,
    "Comparison": object_of(
        same=BOOLEAN,
        connections=INTEGER,
        messages=INTEGER,
        differences=list_of("Difference"),
        ignored=COUNTS,
    ),
    "View": object_of(url=STRING),
    "Filter": object_of(
        filter=STRING,
        explanation=STRING,
        words={"type": "object", "additionalProperties": STRING},
    ),
    "Bucket": object_of(messages=PAIR, control=PAIR, bytes=PAIR, largest=PAIR),
    "Timeline": object_of(
        timeline=or_null(
            object_of(
                start=NUMBER,
                step=NUMBER,
                buckets=list_of("Bucket"),
                strikes=list_of(INTEGER),
                faults=list_of(
                    object_of(
                        connection=INTEGER,
                        time=NUMBER,
                        name=STRING,
                        type=STRING,
                        detail=STRING,
                    )
                ),
            )
        )
    ),
    "Sent": object_of(sent=INTEGER),
    "Done": ANY,
    "Breakpoint": object_of(
        id=INTEGER,
        filter=STRING,
        explanation=STRING,
        direction=or_null(DIRECTION),
        connection=MAYBE_INTEGER,
        control=BOOLEAN,
        timeout=NUMBER,
        at_timeout={"type": "string", "enum": ["forward", "drop"]},
        enabled=BOOLEAN,
        hits=INTEGER,
    ),
    "Held": object_of(
        id=INTEGER,
        breakpoint=INTEGER,
        connection=INTEGER,
        direction=DIRECTION,
        time=NUMBER,
        until=NUMBER,
        opcode=STRING,
        message=MAYBE_INTEGER,
        readable=BOOLEAN,
        content_length=INTEGER,
        behind=INTEGER,
        text=BOOLEAN,
        base64=STRING,
    ),
    "Breakpoints": object_of(breakpoints=list_of("Breakpoint"), held=list_of("Held")),
    "Fault": object_of(**_FAULT),
    "Fleet": object_of(
        name=STRING,
        revision=INTEGER,
        pending=INTEGER,
        trouble=STRING,
        unreadable=INTEGER,
        instances=list_of(ANY),
        events=list_of(ANY),
    ),
    "Faults": object_of(faults=list_of("Fault"), seed=INTEGER),
    "Checked": object_of(explanations=list_of(STRING), seed=MAYBE_INTEGER),
    "FaultTypes": object_of(
        types=list_of(
            object_of(
                type=STRING,
                summary=STRING,
                effect=STRING,
                strikes=STRING,
                example=STRING,
                attributes=list_of(
                    object_of(
                        name=STRING,
                        unit=STRING,
                        doc=STRING,
                        required=BOOLEAN,
                        default=ANYTHING,
                    )
                ),
            )
        )
    ),
}
