"""GraphQL over WebSocket: graphql-transport-ws and its predecessor graphql-ws.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md,
https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_QUERY, MAX_QUERY_TOKENS
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    Pair,
    Payload,
    Remembered,
    Sure,
    answer,
    decoded,
    last,
    part,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse_object
from wsproxy.payloads.libraries import need
from wsproxy.payloads.lines import brief, short_id

_BEGIN = {"subscribe", "start"}
_RESULT = {"next", "data"}
_CANCEL = {"stop"}
_END = {"complete", "error"}


class GraphQL(Decoder):
    """`next` messages are numbered within their operation."""

    name = "graphql"
    subprotocols = ("graphql-transport-ws", "graphql-ws", "graphql-ws-legacy")

    def __init__(self, facts: Facts) -> None:
        self._results: Remembered[int] = Remembered()

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        first = payload.text and b'"connection_init"' in payload.content[:200]
        return Sure.LIKELY if first and payload.direction is Direction.UPSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        try:
            message = parse_object(payload.content, cut=bool(payload.missing))
        except NotJsonError:
            return None
        kind = message.get("type")
        if not isinstance(kind, str):
            return None
        number = message.get("id")
        pieces = [short_id(number)] if isinstance(number, (str, int)) else []
        said = message.get("payload")
        if kind in _BEGIN and isinstance(said, dict):
            self._results.keep(number, 0)
            pieces.append(operation(said))
        elif kind in _RESULT:
            count = self._results.get(str(number), 0) + 1
            self._results.keep(number, count)
            pieces.append(f"#{count}")
            pieces.append(_result(said))
        elif said is not None:
            pieces.append(_result(said))
        if kind in _END | _CANCEL:
            self._results.pop(str(number), None)
        pair = _pair(kind, number, payload.direction)
        return [decoded(self.name, kind, " ".join(pieces), message, pair)]


def operation(said: dict[str, Any]) -> str:
    """`subscription count(n:4)`: what a request's payload asks for, with its variables."""
    query, name = said.get("query"), said.get("operationName")
    variables = said.get("variables")
    rest = f" {brief(variables)}" if isinstance(variables, dict) and variables else ""
    if not isinstance(query, str):
        return (str(name) if isinstance(name, str) else brief(said)) + rest
    return _document(query, name) + rest


def _document(query: str, name: Any) -> str:
    if len(query) > MAX_QUERY:
        return " ".join(query[:160].split()) + "…"
    graphql = need("graphql", "GraphQL operations")
    try:
        document = graphql.parse(query, no_location=True, max_tokens=MAX_QUERY_TOKENS)
    except (graphql.GraphQLError, RecursionError):
        return " ".join(query[:160].split())
    operations = [
        node for node in document.definitions if isinstance(node, graphql.OperationDefinitionNode)
    ]
    chosen = [node for node in operations if node.name and node.name.value == name] or operations
    if not chosen:
        return " ".join(query[:160].split())
    node = chosen[0]
    words = [node.operation.value]
    if node.name:
        words.append(node.name.value)
    words += [_field(graphql, field) for field in node.selection_set.selections[:5]]
    return " ".join(words)


def _field(graphql: Any, node: Any) -> str:
    """A field with its arguments, without what is selected of it."""
    if not isinstance(node, graphql.FieldNode):
        return "..."
    if not node.arguments:
        return str(node.name.value)
    try:
        arguments = ",".join(
            f"{one.name.value}:{' '.join(graphql.print_ast(one.value).split())}"
            for one in node.arguments[:10]
        )
    except RecursionError:
        arguments = "…"
    return f"{node.name.value}({arguments[:160]})"


def _result(said: Any) -> str:
    if isinstance(said, dict) and set(said) <= {"data", "errors", "extensions"} and said:
        if said.get("errors"):
            return f"errors {brief(said['errors'])}"
        return brief(said.get("data"))
    return brief(said)


def _pair(kind: str, number: Any, direction: Direction) -> Pair | None:
    asker = Direction.UPSTREAM
    if kind == "connection_init":
        return request("connection_init", asker)
    if kind in {"connection_ack", "connection_error"}:
        return answer("connection_init", asker)
    if kind == "ping":
        return request("ping", direction)
    if kind == "pong":
        return answer("ping", direction.other)
    if not isinstance(number, (str, int)):
        return None
    if kind in _BEGIN:
        return request(number, asker)
    if kind in _RESULT | {"start_ack"}:
        return part(number, asker)
    # The client's `complete` and `stop` end the operation as well.
    return last(number, asker) if kind in _END | _CANCEL else None
