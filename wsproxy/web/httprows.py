"""Requests of plain HTTP as JSON objects of the API; docs/api.md describes them."""

from __future__ import annotations

import base64
from typing import Any

from wsproxy.model.http import HttpRecord
from wsproxy.payloads.http import HttpSaid, said_object
from wsproxy.payloads.httpbody import HttpBody
from wsproxy.web.rows import ROW_PREVIEW, SHOWN


def http_row(record: HttpRecord, summary: str = "") -> dict[str, Any]:
    """A request as a row of a list; `summary` is what decoders make of it."""
    return {
        "id": record.id,
        "connection": record.connection_id,
        "started": record.started,
        "answered": record.answered,
        "ended": record.ended,
        "client": record.client,
        "agent": record.agent,
        "method": record.method,
        "target": record.target,
        "upstream": record.upstream_url,
        "status": record.status,
        "reason": record.reason,
        "error": record.error,
        "content_type": record.content_type,
        "request_length": record.request_length,
        "response_length": record.response_length,
        "summary": summary[:ROW_PREVIEW],
    }


def http_detail(record: HttpRecord, said: HttpSaid) -> dict[str, Any]:
    """A request and its answer, with headers and bodies."""
    return http_row(record, said.line) | {
        "version": record.version,
        "request_headers": record.request_headers,
        "response_headers": record.response_headers,
        "request": _body(said.request, record.request_length, len(record.request_body)),
        "response": _body(said.response, record.response_length, len(record.response_body)),
        **said_object(said),
    }


def _body(body: HttpBody, length: int, recorded: int) -> dict[str, Any]:
    return {
        "length": length,
        "recorded": recorded,
        "coding": body.coding,
        "problem": body.problem,
        "text": body.text,
        "whole": body.whole,
        "base64": base64.b64encode(body.content[:SHOWN]).decode(),
    }
