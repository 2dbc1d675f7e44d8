"""What a request of plain HTTP and its answer say."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from wsproxy.model.http import HttpRecord
from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_CONVERSATIONS, MAX_INFLATED
from wsproxy.payloads.conversation import Conversation, in_one_line
from wsproxy.payloads.decoded import Decoded, Facts, NotThisError, Payload
from wsproxy.payloads.httpbody import HttpBody, body_of
from wsproxy.payloads.polling import split
from wsproxy.payloads.protocols.socketio import engine_version
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import packet_object
from wsproxy.payloads.target import query_of
from wsproxy.protocol.handshake import Headers, header

BEFORE = 50
"""Requests before one of a session that are read to know what it says."""

_PAGES = ("text/html", "text/css", "text/javascript", "image/", "font/", "audio/", "video/")
"""Types of bodies that say nothing in a line."""


class HttpSaid(NamedTuple):
    """Both bodies, inflated and decoded."""

    request: HttpBody
    response: HttpBody
    asked: list[Decoded]
    answered: list[Decoded]

    @property
    def line(self) -> str:
        """Both in one line: `-> EVENT echo <- ok`."""
        parts = [
            f"{direction.arrow} {in_one_line(packets)}"
            for direction, packets in zip(Direction, (self.asked, self.answered), strict=True)
            if packets
        ]
        return " ".join(parts)


class HttpSayings:
    """Decodes requests, in the order they ended.

    Each by itself, but those of an Engine.IO session: an event and its attachments may come in
    several of them.
    """

    def __init__(self, rules: Sequence[DecodeRule] = (), most: int | None = None) -> None:
        """`most`: bytes of each body that are looked at or inflated, for those in a hurry."""
        self._most = most
        self._rules = list(rules)
        self._sessions: OrderedDict[str, Conversation] = OrderedDict()

    def of(self, record: HttpRecord) -> HttpSaid:
        """What a request and its answer say, as far as their bodies are recorded."""
        conversation = self._conversation(record)
        most = self._most
        bodies = [
            body_of(headers, body[:most], length, most or MAX_INFLATED)
            for headers, body, length in (
                (record.request_headers, record.request_body, record.request_length),
                (record.response_headers, record.response_body, record.response_length),
            )
        ]
        headers = record.request_headers, record.response_headers
        asked, answered = (
            _packets(conversation, record.target, *of)
            for of in zip(Direction, headers, bodies, strict=True)
        )
        return HttpSaid(bodies[0], bodies[1], asked, answered)

    def of_one(
        self, record: HttpRecord, before: Callable[[int, int], Iterable[HttpRecord]]
    ) -> HttpSaid:
        """The same of a request that is asked for alone.

        `before` gives at most so many requests with a higher id than this: those of the same session
        are read first, for the attachments of an event may be requests of their own.
        """
        session = session_of(record.target)
        if session is not None:
            for one in before(max(record.id - 1 - BEFORE, 0), BEFORE):
                if one.id < record.id and session_of(one.target) == session:
                    self.of(one)
        return self.of(record)

    def _conversation(self, record: HttpRecord) -> Conversation:
        session = session_of(record.target)
        known = self._sessions.pop(session, None) if session is not None else None
        if known is None:
            facts = Facts(record.target, None, record.request_headers)
            known = Conversation(facts, self._rules)
        if session is not None:
            self._sessions[session] = known
            if len(self._sessions) > MAX_CONVERSATIONS:
                self._sessions.popitem(last=False)
        return known


def session_of(target: str) -> str | None:
    """The Engine.IO session that path and query name; None if they name none."""
    if engine_version(target) is None:
        return None
    return query_of(target).get("sid", [None])[0]


def said_object(said: HttpSaid) -> dict[str, Any]:
    """As JSON: `asked` and `answered_with`, a packet each with its tree."""
    return {
        "asked": [packet_object(one, tree=True) for one in said.asked],
        "answered_with": [packet_object(one, tree=True) for one in said.answered],
    }


def _packets(
    conversation: Conversation, target: str, direction: Direction, headers: Headers, body: HttpBody
) -> list[Decoded]:
    kind = (header(headers, "Content-Type") or "").lower()
    if not body.content or body.problem is not None or kind.startswith(_PAGES):
        return []
    content = body.content
    version = engine_version(target)
    if version is not None:
        try:
            pieces = split(content, version)
        except NotThisError:
            return []
        found: list[Decoded] = []
        for number, (text, piece) in enumerate(pieces, 1):
            missing = number == len(pieces) and not body.whole
            payload = Payload(direction, text, piece, len(piece) + missing)
            found += conversation.feed(payload)
        return found
    length = len(content) + (not body.whole)
    return conversation.feed(Payload(direction, body.text, content, length))
