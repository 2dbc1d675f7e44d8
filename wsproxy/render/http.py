"""Requests of plain HTTP as lines and as JSON."""

from __future__ import annotations

import base64
from typing import Any

from wsproxy.model.http import HttpRecord
from wsproxy.payloads.http import HttpSaid
from wsproxy.payloads.httpbody import HttpBody
from wsproxy.payloads.lines import size
from wsproxy.protocol.frames import Opcode
from wsproxy.render.pretty import When, clock, duration
from wsproxy.render.style import styled
from wsproxy.render.text import ALL, PREVIEW, preview, printable


def http_line(
    record: HttpRecord,
    said: HttpSaid,
    *,
    colour: bool = False,
    width: int = PREVIEW,
    when: When = clock,
) -> str:
    """One request and its answer; `width`: characters of the target and of what bodies say."""
    status = "no answer" if record.status is None else str(record.status)
    reason = printable(record.reason)[:PREVIEW]
    good = record.status is not None and record.status < 400
    parts = [
        styled(when(record.started), "dim") if colour else when(record.started),
        f"HTTP {record.id}",
        record.client,
        printable(record.method),
        _short(printable(record.target), width),
        styled(status, "green" if good else "red") if colour else status,
        *([reason] if reason else []),
        f"->{size(record.request_length)}" if record.request_length else "",
        f"<-{size(record.response_length)}",
        printable(record.content_type),
        duration(record.seconds) if record.seconds is not None else "",
        f"#{record.connection_id}" if record.connection_id is not None else "",
        _short(said.line, width),
    ]
    if record.error is not None:
        error = f"! {printable(record.error)}"
        parts.append(styled(error, "red") if colour else error)
    return " ".join(filter(None, parts))


def http_details(record: HttpRecord, said: HttpSaid, *, colour: bool = False) -> list[str]:
    """All that is recorded of a request, a line each."""
    lines = [http_line(record, said, colour=colour, width=0), ""]
    lines += [f"{printable(record.method)} {printable(record.target)} {record.version}"]
    lines += _part(record.request_headers, said.request, record.request_length)
    if record.status is not None:
        lines += ["", f"{record.status} {printable(record.reason)}".rstrip()]
        lines += _part(record.response_headers, said.response, record.response_length)
    return lines


def refusal_line(record: HttpRecord, said: HttpSaid, *, width: int = PREVIEW) -> list[str]:
    """What the answer to a refused handshake says in its body, in one line; none without one."""
    content = said.response.content
    if not content:
        return []
    opcode = Opcode.TEXT if said.response.text else Opcode.BINARY
    limit = width or ALL
    text = preview(opcode, content, length=len(content) + (not said.response.whole), limit=limit)
    return [f"#{record.connection_id} answer: {text}"]


def http_object(record: HttpRecord, said: HttpSaid) -> dict[str, Any]:
    """A request and its answer, as `--log-format jsonl` has it."""
    bodies = _body("request", said.request), _body("response", said.response)
    return {**http_fields(record, *bodies), "summary": said.line}


def http_fields(
    record: HttpRecord, request_body: dict[str, str], response_body: dict[str, str]
) -> dict[str, Any]:
    """A request and its answer, each with its body in the form that is wanted."""
    return {
        "event": "http",
        "id": record.id,
        "connection": record.connection_id,
        "time": record.started,
        "answered": record.answered,
        "ended": record.ended,
        "client": record.client,
        "method": record.method,
        "target": record.target,
        "upstream": record.upstream_url,
        "version": record.version,
        "request_headers": record.request_headers,
        "request_length": record.request_length,
        **request_body,
        "status": record.status,
        "reason": record.reason,
        "response_headers": record.response_headers,
        "response_length": record.response_length,
        **response_body,
        "error": record.error,
    }


def _body(name: str, body: HttpBody) -> dict[str, str]:
    """A body that is there: inflated, as text if it is text."""
    if not body.content:
        return {}
    try:
        text = body.content.decode() if body.text else None
    except UnicodeDecodeError:  # cut in mid-character
        text = body.content.decode(errors="replace")
    if text is None:
        return {f"{name}_base64": base64.b64encode(body.content).decode()}
    return {f"{name}_text": text}


def _part(headers: list[tuple[str, str]], body: HttpBody, length: int) -> list[str]:
    lines = [f"{printable(name)}: {printable(value)}" for name, value in headers]
    if length:
        coding = f", {body.coding}" if body.coding else ""
        lines += ["", f"[{size(length)}{coding}]"]
    if body.problem is not None:
        lines.append(f"! {body.problem}")
    elif body.text:
        text = body.content.decode(errors="replace")
        lines += [printable(line.rstrip("\r")) for line in text.split("\n")]
    elif body.content:
        lines.append(f"<{body.content.hex()}>")
    if not body.whole and body.problem is None and length:
        lines.append("… the rest is not recorded (--max-http-body)")
    return lines


def _short(text: str, width: int) -> str:
    return text if not width or len(text) <= width else text[: width - 1] + "…"
