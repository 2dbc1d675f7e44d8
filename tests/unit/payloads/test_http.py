"""Bodies of plain HTTP: content codings, and several packets in one."""

from __future__ import annotations

import gzip
import zlib

import pytest
from engineio.packet import Packet
from engineio.payload import Payload as EnginePayload
from hypothesis import given
from hypothesis import strategies as st

from wsproxy.model.http import HttpRecord
from wsproxy.payloads.bounds import MAX_INFLATED, MAX_PACKETS
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.http import HttpSayings
from wsproxy.payloads.httpbody import body_of
from wsproxy.payloads.polling import split

TEXT = [("Content-Type", "text/plain")]


def coded(coding: str) -> list[tuple[str, str]]:
    return [*TEXT, ("content-encoding", coding)]


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("x-gzip", gzip.compress(b"hello", mtime=0)),
        ("GZIP", gzip.compress(b"hello", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", bare(b"hello")),
        ("identity", b"hello"),
    ],
)
def test_a_body_is_inflated(coding: str, packed: bytes) -> None:
    body = body_of(coded(coding), packed, len(packed))
    assert (body.content, body.whole, body.text, body.problem) == (b"hello", True, True, None)


def test_what_is_cut_is_inflated_as_far_as_it_is_there() -> None:
    packed = gzip.compress(bytes(range(256)) * 10)
    body = body_of(coded("gzip"), packed[:150], len(packed))
    assert body.content.startswith(bytes(range(100)))
    assert not body.whole


def test_a_bomb_is_inflated_no_further_than_the_bound() -> None:
    packed = gzip.compress(bytes(50_000_000))
    body = body_of(coded("gzip"), packed, len(packed))
    assert (len(body.content), body.whole) == (MAX_INFLATED, False)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br", "nonsense", "gzip, br"])
def test_what_cannot_be_inflated_stays_and_says_why(coding: str) -> None:
    body = body_of(coded(coding), b"\xff\xff not it", 10)
    assert body.content == b"\xff\xff not it"
    assert body.problem
    assert not body.text


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text/html", "é".encode(), True),
        ("application/json", b"{}", True),
        ("application/ld+json", b"{}", True),
        ("", b"words", True),
        ("", b"\0\1", False),
        ("text/plain", b"\xff", False),
        ("image/png", b"words", False),
        ("application/octet-stream", b"words", True),
    ],
)
def test_what_is_text(kind: str, content: bytes, text: bool) -> None:
    headers = [("Content-Type", kind)] if kind else []
    assert body_of(headers, content, len(content)).text is text


def test_text_that_is_cut_in_mid_character_is_text() -> None:
    assert body_of(TEXT, "né".encode()[:-1], 3).text


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1e")), min_size=1))
def test_packets_as_the_library_packs_them(texts: list[str]) -> None:
    packets = [Packet(4, text) for text in texts[:MAX_PACKETS]]
    body = EnginePayload(packets=packets).encode().encode()
    assert split(body, "4") == [(True, f"4{text}".encode()) for text in texts[:MAX_PACKETS]]


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=MAX_PACKETS))
def test_packets_of_version_3_by_characters(texts: list[str]) -> None:
    body = "".join(f"{len(text)}:{text}" for text in texts).encode()
    assert split(body, "3") == [(True, text.encode()) for text in texts]


def test_packets_of_version_3_as_bytes() -> None:
    # The example of "Payload" in the protocol's description, with a text packet before it.
    body = b"\x00\x01\x03\xff4hello world!!"[:1] + b"\x01\x03\xff" + b"4hello world!"
    body += b"\x01\x04\xff\x04abc"
    assert split(body, "3") == [(True, b"4hello world!"), (False, b"\x04abc")]


@given(st.binary(max_size=200), st.sampled_from("34"))
def test_nothing_breaks_the_splitting(body: bytes, version: str) -> None:
    try:
        assert len(split(body, version)) <= MAX_PACKETS
    except NotThisError:
        assert version == "3"


def said(target: str, sent: bytes, got: bytes, kind: str = "application/json") -> str:
    record = HttpRecord(1, 0.0, "c:1", "POST", target, f"http://u{target}", "HTTP/1.1", [])
    record.response_headers = [("Content-Type", kind)]
    record.request_body, record.request_length = sent, len(sent)
    record.response_body, record.response_length = got, len(got)
    return HttpSayings().of(record).line


def test_what_requests_say() -> None:
    polled = b'451-["up",{"_placeholder":true,"num":0}]\x1ebAQID'
    assert said("/socket.io/?EIO=4&transport=polling", polled, b"ok", "text/html").startswith(
        "-> EVENT up {_placeholder:true,num:0} (1 attachment) · attachment 1/1 of EVENT up"
    )
    asked = b'{"jsonrpc":"2.0","id":1,"method":"add","params":[1]}'
    answer = b'{"jsonrpc":"2.0","id":1,"result":2}'
    assert said("/rpc", asked, answer) == "-> 1 add [1] <- 1 result of add 2"
    assert said("/", b"", b"<html></html>", "text/html") == ""


def test_the_attachments_of_an_event_may_be_requests_of_their_own() -> None:
    target = "/socket.io/?EIO=4&sid=abc"
    sent = [b'451-["up",{"_placeholder":true,"num":0}]', b"bAQID"]
    records = []
    for number, body in enumerate(sent, 1):
        record = HttpRecord(number, 0.0, "c:1", "POST", target, "http://u/", "HTTP/1.1", [])
        record.request_body, record.request_length = body, len(body)
        records.append(record)
    attachment = "-> attachment 1/1 of EVENT up 3 B <010203>"
    sayings = HttpSayings()
    assert [sayings.of(record).line for record in records][1] == attachment
    alone = HttpSayings().of_one(records[1], lambda after, most: records[after : after + most])
    assert alone.line == attachment
    assert HttpSayings().of(records[1]).line == "-> message 3 B <010203>"


def test_those_in_a_hurry_inflate_no_more_than_they_want() -> None:
    packed = gzip.compress(bytes(50_000_000))
    record = HttpRecord(1, 0.0, "c:1", "GET", "/", "http://u/", "HTTP/1.1", [])
    record.response_headers = [("Content-Encoding", "gzip")]
    record.response_body, record.response_length = packed, len(packed)
    said = HttpSayings(most=1024).of(record)
    assert (len(said.response.content), said.response.whole) == (1024, False)
