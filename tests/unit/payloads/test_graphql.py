"""Both protocols of GraphQL over WebSocket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.payloads.talk import DOWN, UP, Talk

UUID = "e4c1d0aa-1f63-4a7e-9d4f-3f1f7d0c8a11"


def said(kind: str, number: str | None = None, payload: Any = None) -> str:
    message = {"id": number, "type": kind, "payload": payload}
    return json.dumps({key: value for key, value in message.items() if value is not None})


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"query": "subscription { count(n: 4) }"}, "subscription count(n:4)"),
        (
            {"query": "subscription S($n: Int) { count(n: $n) a b }", "variables": {"n": 4}},
            "subscription S count(n:$n) a b {n:4}",
        ),
        ({"query": "{ hello }"}, "query hello"),
        ({"query": "query A { a } query B { b }", "operationName": "B"}, "query B b"),
        ({"query": 'mutation { set(list: [1, 2], o: "x") }'}, 'mutation set(list:[1, 2],o:"x")'),
        ({"query": "fragment F on Q { a }  query { ...F }"}, "query ..."),
        ({"query": "this is no   document"}, "this is no document"),
        ({"operationName": "Persisted", "extensions": {}}, "Persisted"),
    ],
)
def test_operations(payload: dict[str, Any], words: str) -> None:
    assert (
        Talk("graphql-transport-ws").up(said("subscribe", "1", payload)) == f"subscribe 1 {words}"
    )


def test_a_subscription() -> None:
    talk = Talk("graphql-transport-ws")
    assert talk.up(said("connection_init")) == "connection_init"
    assert talk.down(said("connection_ack")) == "connection_ack"
    talk.up(said("subscribe", UUID, {"query": "subscription { count(n: 4) }"}))
    talk.up(said("subscribe", "2", {"query": "subscription { other }"}))
    talk.down(said("next", UUID, {"data": {"count": 1}}))
    talk.down(said("next", "2", {"data": {"other": 1}}))
    assert talk.down(said("next", UUID, {"data": {"count": 2}})) == "next e4c1 #2 {count:2}"
    assert talk.down(said("complete", UUID)) == "complete e4c1"
    errors = [{"message": "no"}]
    assert talk.down(said("next", "2", {"data": None, "errors": errors})) == (
        'next 2 #2 errors [{message:"no"}]'
    )
    assert talk.down(said("error", "2", errors)) == 'error 2 [{message:"no"}]'


def test_the_older_protocol() -> None:
    talk = Talk("graphql-ws")
    assert talk.up(said("start", "1", {"query": "subscription { a }"})) == "start 1 subscription a"
    assert talk.down(said("data", "1", {"data": {"a": 1}})) == "data 1 #1 {a:1}"
    assert talk.down(said("ka")) == "ka"
    assert talk.up(said("stop", "1")) == "stop 1"


def test_pairs() -> None:
    talk = Talk("graphql-transport-ws")
    assert talk.pair(UP, said("subscribe", "1", {})) == ("1", "request", "upstream")
    assert talk.pair(DOWN, said("next", "1", {})) == ("1", "part", "upstream")
    assert talk.pair(DOWN, said("complete", "1")) == ("1", "last", "upstream")
    assert talk.pair(UP, said("complete", "1")) == ("1", "last", "upstream")
    assert talk.pair(DOWN, said("ping")) == ("ping", "request", "downstream")
    assert talk.pair(UP, said("pong")) == ("ping", "answer", "downstream")


def test_known_by_its_first_message() -> None:
    talk = Talk()
    talk.up(said("connection_init"))
    assert talk.conversation.protocol == "graphql"


def test_a_document_that_is_too_long_is_shown_from_its_beginning() -> None:
    line = Talk("graphql-ws").up(said("start", "1", {"query": "{ a" + " b" * 20_000 + " }"}))
    assert line.startswith("start 1 { a b b") and line.endswith("…")
