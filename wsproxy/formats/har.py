"""HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/) with Chrome's `_webSocketMessages`.

Entries are written one after the other: one message is in memory at a time. Reading takes the
file whole, as JSON in one piece has to be.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

from wsproxy import __version__
from wsproxy.formats.harhttp import entry_of, headers, moment, pairs, record_of
from wsproxy.formats.interfaces import CaptureReader, FormatError, Imported, Told
from wsproxy.formats.made import MadeMessages
from wsproxy.formats.selection import EVERYTHING, Selection, connections_of, told
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Direction, End, FaultRecord
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.frames import Opcode
from wsproxy.protocol.handshake import header
from wsproxy.render.jsonl import fault_object

MAX_FILE = 1024**3
"""Bytes of a file that is read."""


def write(reader: CaptureReader, out: BinaryIO, selection: Selection = EVERYTHING) -> None:
    """Write an entry a connection."""
    creator = {"name": "wsproxy", "version": __version__}
    log = {"version": "1.2", "creator": creator, "pages": []}
    out.write(json.dumps({"log": log})[:-2].encode() + b', "entries": [')
    first = True
    for connection in connections_of(reader, selection).values():
        part = selection.of(connection.id)
        messages = (
            thing for thing in told(reader, part) if not isinstance(thing, ConnectionRecord)
        )
        head = next(messages, None)
        if head is None and not selection.whole:
            continue
        out.write(b"\n" if first else b",\n")
        first = False
        _write_entry(out, connection, head, messages)
    for record in reader.http():
        # An upgrade that was asked for is an entry already, as a connection.
        if record.connection_id is None and selection.takes_http(record):
            out.write((b"\n" if first else b",\n") + _dump(entry_of(record)))
            first = False
    out.write(b"\n]}}\n")


def _write_entry(
    out: BinaryIO, connection: ConnectionRecord, head: Told | None, rest: Iterator[Told]
) -> None:
    entry = _dump(_entry(connection))
    out.write(entry[:-1] + b', "_webSocketMessages": [')
    separator = b"\n"
    faults = []
    for thing in () if head is None else chain([head], rest):
        if isinstance(thing, FaultRecord):
            faults.append(fault_object(thing))
        elif isinstance(thing, Seen) and (message := _message(thing)) is not None:
            out.write(separator + _dump(message))
            separator = b",\n"
    out.write(b"]" + (b', "_faults": ' + _dump(faults) if faults else b"") + b"}")


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _entry(connection: ConnectionRecord) -> dict[str, Any]:
    url = _url(connection)
    took = max((connection.closed or connection.opened) - connection.opened, 0.0) * 1000
    end = connection.end
    return {
        "startedDateTime": datetime.fromtimestamp(connection.opened, UTC).isoformat(),
        "time": took,
        "request": {
            "method": "GET",
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": pairs(connection.request_headers),
            "queryString": pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": connection.status or 0,
            "statusText": connection.reason,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": pairs(connection.response_headers),
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": header(connection.response_headers, "Location") or "",
            "headersSize": -1,
            "bodySize": 0,
        },
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": took, "receive": 0},
        "_resourceType": "websocket",
        "_opened": connection.opened,
        "_closed": connection.closed,
        "_client": connection.client,
        "_upstream": connection.upstream_url,
        "_target": connection.target,
        "_end": None if end is None else end._asdict(),
        **({"comment": connection.note} if connection.note else {}),
        **({"_marked": True} if connection.marked else {}),
    }


def _url(connection: ConnectionRecord) -> str:
    return re.sub("^http", "ws", connection.upstream_url)


def _message(seen: Seen) -> dict[str, Any] | None:
    """A message, or a control frame; None for a fragment that does not end one."""
    record, message = seen.record, seen.message
    frame = record.frame
    if record.message is not None and not frame.fin:
        return None
    opcode = frame.opcode if message is None else message.opcode
    content = frame.payload if message is None else message.content
    result: dict[str, Any] = {
        "type": "send" if record.direction is Direction.UPSTREAM else "receive",
        "time": record.time,
        "opcode": opcode,
        "data": _data(opcode, content),
    }
    if opcode == Opcode.TEXT and not _is_text(content):
        result["_base64"] = True
    if opcode == Opcode.CLOSE:
        result["_closeCode"], result["_closeReason"] = parse_close(content)
    if message is not None:
        if message.compressed:
            result["_compressed"] = True
        if message.verdict != "relayed":
            result["_verdict"], result["_cause"] = message.verdict, message.cause
        if message.sent is not None:
            result["_sent"] = base64.b64encode(message.sent).decode()
        if message.content_length != len(content):
            result["_length"] = message.content_length
    if seen.note is not None:
        result["_note"], result["_marked"] = seen.note.text, seen.note.marked
    if record.origin is not None:
        result["_origin"] = record.origin
    if record.violations:
        result["_violations"] = [v.rule for v in record.violations]
    return result


def _data(opcode: int, content: bytes) -> str:
    if opcode == Opcode.TEXT and _is_text(content):
        return content.decode()
    return base64.b64encode(content).decode()


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def read(file: BinaryIO) -> Iterator[Imported]:
    """The WebSockets of a HAR file of Chrome, Firefox, Playwright, Proxyman or wsproxy.

    Raises FormatError.
    """
    text = file.read(MAX_FILE + 1)
    if len(text) > MAX_FILE:
        raise FormatError(f"it is larger than {MAX_FILE} bytes")
    try:
        entries = json.loads(text.decode("utf-8-sig"))["log"]["entries"]
        number = requests = 0
        for entry in entries:
            if _is_websocket(entry):
                number += 1
                yield from _read_entry(number, entry)
            else:
                requests += 1
                yield record_of(requests, entry)
    except json.JSONDecodeError as error:
        raise FormatError(f"it is not JSON, or cut off: {error}") from None
    except KeyError as error:
        raise FormatError(f"it is not a HAR file: {error} is missing") from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"it is not a HAR file: {error}") from None


def _is_websocket(entry: dict[str, Any]) -> bool:
    return (
        "_webSocketMessages" in entry
        or entry.get("_resourceType") == "websocket"
        or str(entry["request"]["url"]).startswith(("ws:", "wss:"))
    )


def _read_entry(number: int, entry: dict[str, Any]) -> Iterator[Imported]:
    request, response = entry["request"], entry.get("response", {})
    url = urlsplit(request["url"])
    scheme = {"http": "ws", "https": "wss"}.get(url.scheme, url.scheme)
    opened = entry.get("_opened") or moment(entry["startedDateTime"])
    messages = entry.get("_webSocketMessages") or []
    closed = entry.get("_closed", opened + max(float(entry.get("time") or 0), 0) / 1000)
    if messages and closed is not None:
        closed = max(closed, *(float(message["time"]) for message in messages))
    answered = headers(response.get("headers", []))
    status = int(response.get("status") or 0) or None
    end = End(**entry["_end"]) if entry.get("_end") else None
    if end is None and "_end" not in entry:
        end = _end(status, messages)
    target = entry.get("_target") or (url.path or "/") + (f"?{url.query}" if url.query else "")
    yield ConnectionRecord(
        number,
        float(opened),
        str(entry.get("_client", "")),
        str(entry.get("_upstream") or url._replace(scheme=scheme).geturl()),
        str(target),
        headers(request.get("headers", [])),
        status,
        str(response.get("statusText", "")),
        answered,
        header(answered, "Sec-WebSocket-Protocol"),
        header(answered, "Sec-WebSocket-Extensions") or "",
        closed if end is not None else None,
        end,
    )
    note = NoteRecord(number, None, None, str(entry.get("comment", "")), bool(entry.get("_marked")))
    if not note.empty:
        yield note
    made = MadeMessages(number)
    for message in messages:
        if message["type"] == "error":
            continue
        direction = Direction.UPSTREAM if message["type"] == "send" else Direction.DOWNSTREAM
        opcode = int(message.get("opcode", 1))
        yield from made.message(
            direction,
            float(message["time"]),
            opcode if opcode in (1, 2, 8, 9, 10) else 1,
            _content(message, opcode),
            verdict=message.get("_verdict", "relayed"),
            cause=message.get("_cause"),
            sent=base64.b64decode(message["_sent"]) if "_sent" in message else None,
        )
        if "_note" in message and opcode < Opcode.CLOSE:
            yield made.note(direction, str(message["_note"]), marked=bool(message.get("_marked")))


def _end(status: int | None, messages: list[dict[str, Any]]) -> End:
    if status not in (101, 200, None):
        return End("refused", "server", status)
    if any(message["type"] == "error" for message in messages):
        return End("aborted")
    return End("closed")


def _content(message: dict[str, Any], opcode: int) -> bytes:
    data = message.get("data") or ""
    if opcode == Opcode.TEXT and not message.get("_base64"):
        return str(data).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):  # Firefox and Proxyman write control frames as text
        return str(data).encode("utf-8", "replace")
