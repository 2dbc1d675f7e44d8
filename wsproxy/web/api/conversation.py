"""Requests folded with their answers, and the sessions of clients over their reconnects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from wsproxy.model.queries import Query, Seen
from wsproxy.model.records import ConnectionRecord
from wsproxy.payloads.decoded import Role
from wsproxy.payloads.pairs import Exchange
from wsproxy.payloads.statistics import KindStatistics, sessions
from wsproxy.web.api.routes import Parameter, Route, json_text, number
from wsproxy.web.context import Context
from wsproxy.web.interfaces import CaptureReader

MAX_MESSAGES = 5000
"""The newest messages, in which requests and answers are looked for."""

WHOLE_BYTES = 256 * 1024
"""A content up to this is read whole, ..."""

READ_BYTES = 16 * 1024 * 1024
"""... until so much was read: an id may stand at the end."""

MAX_CONNECTIONS = 2000
"""The newest connections, which sessions are made of."""

PERCENTS = (50, 95, 99)


async def exchanges(ctx: Context, request: web.Request) -> web.Response:
    """Requests, each with what answered it."""
    wanted = number(request, "connection")
    limit = max(number(request, "limit", 500, most=MAX_MESSAGES) or 500, 1)

    def work(reader: CaptureReader) -> str:
        query = Query(wanted, "", control=False, fragments=False)
        page = reader.page(query, offset=-MAX_MESSAGES, limit=MAX_MESSAGES)
        # Where the list is not whole yet, its end is not the newest.
        rows = page.rows if page.complete else []
        found, answers = _exchanges(reader, rows)
        shown = [_object(reader, connection, one, answers) for connection, one in found[-limit:]]
        kinds = _kinds([one for _, one in found])
        return json.dumps(
            {
                "exchanges": shown,
                "found": len(found),
                "kinds": kinds,
                "messages": len(rows),
                "total": page.total,
                "complete": page.complete,
            }
        )

    return json_text(await ctx.reading(work))


def _exchanges(
    reader: CaptureReader, rows: list[Seen]
) -> tuple[list[tuple[int, Exchange]], dict[int, str]]:
    """All requests in their order, and what the messages say that answer some."""
    sayings = reader.sayings()
    found: list[tuple[int, Exchange]] = []
    answers: dict[int, str] = {}
    for seen in _whole(reader, rows):
        said = sayings.of(seen.id, seen.record, seen.message)
        if said is None:
            continue
        for one, exchange in zip(said.packets, said.exchanges, strict=True):
            if exchange is None or one.pair is None:
                continue
            if one.pair.role is Role.REQUEST:
                found.append((seen.record.connection_id, exchange))
            else:
                answers[seen.id] = one.summary
    return found, answers


def _whole(reader: CaptureReader, rows: list[Seen]) -> Iterator[Seen]:
    """Rows of a list have the beginning of their contents: these have all, if that is not much."""
    left = READ_BYTES
    for seen in rows:
        message, frame = seen.message, seen.record.frame
        there = len(message.content if message is not None else frame.payload)
        length = message.content_length if message is not None else frame.payload_length
        if there < length <= min(WHOLE_BYTES, left):
            left -= length
            yield next(iter(reader.pick([seen.id])), seen)
        else:
            yield seen


def _object(
    reader: CaptureReader, connection_id: int, one: Exchange, answers: dict[int, str]
) -> dict[str, Any]:
    connection = reader.connection(connection_id)
    over = one.given_up or (connection is not None and connection.end is not None)
    return {
        "connection": connection_id,
        "protocol": one.protocol,
        "kind": one.kind,
        "key": one.key,
        "asker": one.asker.name.lower(),
        "state": "answered" if one.answered is not None else "unanswered" if over else "waiting",
        "request": one.request,
        "asked": one.asked,
        "summary": one.summary,
        "answer": one.answer,
        "latency": one.latency,
        "answer_summary": answers.get(one.answer) if one.answer is not None else None,
        "parts": one.parts,
        "last": one.last,
        "duration": one.duration,
    }


def _kinds(found: list[Exchange]) -> list[dict[str, Any]]:
    kinds: dict[tuple[str, str], KindStatistics] = {}
    for one in found:
        key = (one.protocol, one.kind)
        kind = kinds.setdefault(key, KindStatistics(*key))
        kind.requests += 1
        if one.latency is not None:
            kind.answered += 1
            kind.latencies.append(one.latency)
    return [
        {
            "protocol": kind.protocol,
            "kind": kind.kind,
            "requests": kind.requests,
            "answered": kind.answered,
            **{f"p{percent}": kind.percentile(percent) for percent in PERCENTS},
        }
        for kind in sorted(kinds.values(), key=lambda kind: -kind.requests)
    ]


async def lanes(ctx: Context, request: web.Request) -> web.Response:
    """Sessions: the connections of a client to one path, one after the other."""
    latest = ctx.totals.latest()

    def work(reader: CaptureReader) -> str:
        known = {each.id: each for each in reader.connections(limit=MAX_CONNECTIONS, newest=True)}
        known |= latest
        connections = [known[number] for number in sorted(known)]
        return json.dumps({"sessions": [_session(each) for each in sessions(connections)]})

    return json_text(await ctx.reading(work))


def _session(joined: list[ConnectionRecord]) -> dict[str, Any]:
    first = joined[0]
    agent = next((v for n, v in first.request_headers if n.lower() == "user-agent"), "")
    return {
        "client": first.client.rpartition(":")[0],
        "agent": agent,
        "target": first.target.partition("?")[0],
        "connections": [
            {
                "id": each.id,
                "opened": each.opened,
                "closed": each.closed,
                "state": each.end.how if each.end else "opening" if each.status is None else "open",
                "code": each.end.code if each.end else None,
            }
            for each in joined
        ],
    }


ROUTES = (
    Route(
        "GET",
        "/exchanges",
        exchanges,
        "Requests folded with their answers, and how fast each kind is answered",
        "Exchanges",
        (
            Parameter("connection", "integer", "Only of this connection."),
            Parameter("limit", "integer", "At most so many, the newest."),
        ),
    ),
    Route("GET", "/sessions", lanes, "Connections joined over reconnects", "Sessions"),
)
