"""Requests of plain HTTP as entries of a HAR file."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from wsproxy.model.http import DEFAULT_MAX_HTTP_BODY, HttpRecord
from wsproxy.payloads.httpbody import body_of
from wsproxy.protocol.handshake import Headers, header


def entry_of(record: HttpRecord) -> dict[str, Any]:
    """An entry; bodies as they were are in fields of wsproxy's own where they were compressed."""
    ended = record.ended or record.answered or record.started
    took = max(ended - record.started, 0.0) * 1000
    asked = body_of(record.request_headers, record.request_body, record.request_length)
    sent = body_of(record.response_headers, record.response_body, record.response_length)
    request: dict[str, Any] = {
        "method": record.method,
        "url": record.upstream_url,
        "httpVersion": record.version,
        "cookies": [],
        "headers": pairs(record.request_headers),
        "queryString": pairs(
            parse_qsl(urlsplit(record.upstream_url).query, keep_blank_values=True)
        ),
        "headersSize": -1,
        "bodySize": record.request_length,
    }
    if record.request_body:
        mime = header(record.request_headers, "Content-Type") or ""
        text = asked.content.decode("utf-8", "replace")
        request["postData"] = {"mimeType": mime, "text": text}
    content = {
        "size": len(sent.content),
        "mimeType": header(record.response_headers, "Content-Type") or "x-unknown",
        **({"text": base64.b64encode(sent.content).decode(), "encoding": "base64"}
           if sent.content else {}),
    }  # fmt: skip
    return {
        "startedDateTime": datetime.fromtimestamp(record.started, UTC).isoformat(),
        "time": took,
        "request": request,
        "response": {
            "status": record.status or 0,
            "statusText": record.reason,
            "httpVersion": record.version,
            "cookies": [],
            "headers": pairs(record.response_headers),
            "content": content,
            "redirectURL": header(record.response_headers, "Location") or "",
            "headersSize": -1,
            "bodySize": record.response_length,
        },
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": took, "receive": 0},
        "_client": record.client,
        "_target": record.target,
        "_http": {
            "id": record.id,
            "connection": record.connection_id,
            "started": record.started,
            "answered": record.answered,
            "ended": record.ended,
            "error": record.error,
            "request": base64.b64encode(record.request_body).decode(),
            "response": base64.b64encode(record.response_body).decode(),
        },
    }


def record_of(number: int, entry: dict[str, Any]) -> HttpRecord:
    """The request of an entry, whoever wrote it; `number` is its place among them, from 1.

    Raises KeyError, ValueError, TypeError.
    """
    request, response = entry["request"], entry.get("response", {})
    own = entry.get("_http") or {}
    url = urlsplit(request["url"])
    started = float(own.get("started") or moment(entry["startedDateTime"]))
    ended = own.get("ended", started + max(float(entry.get("time") or 0), 0) / 1000)
    if own:
        asked, sent = base64.b64decode(own["request"]), base64.b64decode(own["response"])
    else:
        asked = str((request.get("postData") or {}).get("text") or "").encode("utf-8", "replace")
        sent = _content(response.get("content") or {})
    target = entry.get("_target") or (url.path or "/") + (f"?{url.query}" if url.query else "")
    status = int(response.get("status") or 0) or None
    return HttpRecord(
        int(own.get("id", number)),
        started,
        str(entry.get("_client", "")),
        str(request["method"]),
        str(target),
        str(request["url"]),
        str(request.get("httpVersion") or "HTTP/1.1"),
        headers(request.get("headers", [])),
        own.get("connection"),
        status,
        str(response.get("statusText", "")),
        headers(response.get("headers", [])),
        own.get("answered", ended if status is not None else None),
        ended,
        own.get("error"),
        _length(request.get("bodySize"), asked),
        _length(response.get("bodySize"), sent),
        asked[:DEFAULT_MAX_HTTP_BODY] if not own else asked,
        sent[:DEFAULT_MAX_HTTP_BODY] if not own else sent,
    )


def _length(value: object, body: bytes) -> int:
    """-1 and null are HAR's words for: not known."""
    return value if isinstance(value, int) and value >= 0 else len(body)


def _content(content: dict[str, Any]) -> bytes:
    text = str(content.get("text") or "")
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
    return text.encode("utf-8", "replace")


def pairs(values: list[tuple[str, str]]) -> list[dict[str, str]]:
    """As HAR has headers and parameters."""
    return [{"name": name, "value": value} for name, value in values]


def headers(values: list[dict[str, str]]) -> Headers:
    """What HAR's headers say."""
    return [(str(pair["name"]), str(pair["value"])) for pair in values]


def moment(text: str) -> float:
    """An ISO 8601 time in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()
