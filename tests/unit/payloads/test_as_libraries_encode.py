"""What Jupyter's server and pysignalr encode is decoded as what they were given."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_server.services.kernels.connection import base
from pysignalr.messages import CompletionMessage, InvocationMessage, StreamItemMessage
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol

from tests.unit.payloads.talk import DOWN, JSON_VALUES, UP, Talk, cuts

V1 = "v1.kernel.websocket.jupyter.org"

MESSAGES = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["shell", "iopub", "stdin", "control"]),
        "header": st.fixed_dictionaries(
            {"msg_id": st.text(), "msg_type": st.sampled_from(["execute_request", "stream", "x"])}
        ),
        "parent_header": st.just({}) | st.fixed_dictionaries({"msg_id": st.text()}),
        "metadata": st.dictionaries(st.text(), st.integers(), max_size=2),
        "content": st.dictionaries(st.text(), JSON_VALUES, max_size=3),
        "buffers": st.lists(st.binary(max_size=20), min_size=1, max_size=3),
    }
)


def jupyter(message: dict[str, Any], data: bytes, subprotocol: str | None) -> None:
    (one,) = Talk(subprotocol, "/api/kernels/7/channels").feed(DOWN, data)
    value = one.value
    assert value["channel"] == message["channel"]
    assert value["header"] == message["header"]
    assert value["parent"] == message["parent_header"]
    assert value["metadata"] == message["metadata"]
    assert value["content"] == message["content"]
    assert value["buffers"] == len(message["buffers"])
    assert one.kind == message["header"]["msg_type"]


@given(MESSAGES)
@settings(deadline=None)
def test_jupyters_legacy_framing(message: dict[str, Any]) -> None:
    jupyter(message, base.serialize_binary_message(message), None)  # type: ignore[no-untyped-call]


@given(MESSAGES)
@settings(deadline=None)
def test_jupyters_offset_table(message: dict[str, Any]) -> None:
    parts = [message[name] for name in ("header", "parent_header", "metadata", "content")]
    packed = [json.dumps(part).encode() for part in parts] + message["buffers"]
    data = base.serialize_msg_to_ws_v1(packed, message["channel"])  # type: ignore[no-untyped-call]
    jupyter(message, data, V1)


NAMES = st.text("abcXYZ", min_size=1, max_size=6)
SMALL: st.SearchStrategy[Any] = st.integers(-(2**31), 2**31) | st.text(max_size=8) | st.booleans()


@st.composite
def said(draw: st.DrawFn) -> tuple[Any, dict[str, Any]]:
    """A message of the library, and what of it has to be found."""
    number = draw(NAMES)
    way = draw(st.integers(0, 3))
    if way == 0:
        target, given_ = draw(NAMES), draw(st.lists(SMALL, max_size=3))
        arguments: Any = given_
        message: Any = InvocationMessage(number, target, arguments, {})
        return message, {"invocationId": number, "target": target, "arguments": given_}
    value = draw(SMALL)
    if way == 1:
        return StreamItemMessage(number, value, {}), {"invocationId": number, "item": value}
    if way == 2:
        result = CompletionMessage(number, value, None, {})
        return result, {"invocationId": number, "result": value}
    error = draw(NAMES)
    return CompletionMessage(number, None, error, {}), {"invocationId": number, "error": error}


@given(st.data(), st.lists(said(), min_size=1, max_size=5), st.booleans())
@settings(deadline=None)
def test_signalr(
    data: st.DataObject, messages: list[tuple[Any, dict[str, Any]]], packed: bool
) -> None:
    protocol = MessagepackProtocol() if packed else JSONProtocol()
    talk = Talk()
    talk.up(f'{{"protocol":"{"messagepack" if packed else "json"}","version":1}}\x1e')
    talk.down("{}\x1e")
    wire = b""
    for message, _ in messages:
        encoded = protocol.encode(message)
        wire += encoded if isinstance(encoded, bytes) else encoded.encode()
    pieces = data.draw(cuts(wire))
    found = [one for piece in pieces for one in talk.feed(UP, piece) if one.kind[0] != "("]
    assert [
        {name: one.value[name] for name in expected}
        for one, (_, expected) in zip(found, messages, strict=True)
    ] == [expected for _, expected in messages]
