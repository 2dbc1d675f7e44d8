"""The opening handshake, as values."""

from __future__ import annotations

import pytest

from wsproxy.errors import ProxyError, Side
from wsproxy.protocol.deflate import DeflateParameters
from wsproxy.protocol.handshake import (
    Headers,
    NegotiatedExtensions,
    accept_key,
    check_answer,
    check_request,
    end_to_end,
    header,
    header_tokens,
    is_upgrade,
    negotiated_extensions,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3
REQUEST = [
    ("Host", "example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Version", "13"),
]


def replaced(name: str, *values: str) -> Headers:
    return [item for item in REQUEST if item[0] != name] + [(name, value) for value in values]


def test_the_accept_key_of_the_rfc() -> None:
    assert accept_key(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_good_request() -> None:
    assert is_upgrade(REQUEST)
    assert check_request("GET", REQUEST) == KEY


@pytest.mark.parametrize(
    ("method", "headers", "status", "reason"),
    [
        ("POST", REQUEST, 400, "opens with GET"),
        ("GET", replaced("Sec-WebSocket-Version", "8"), 426, "must be 13, not 8"),
        ("GET", replaced("Sec-WebSocket-Version"), 426, "must be 13, not none"),
        ("GET", replaced("Sec-WebSocket-Key"), 400, "0 came"),
        ("GET", replaced("Sec-WebSocket-Key", KEY, KEY), 400, "2 came"),
        ("GET", replaced("Sec-WebSocket-Key", "c2hvcnQ="), 400, "not 16 bytes"),
        ("GET", replaced("Sec-WebSocket-Key", "!!!"), 400, "not 16 bytes"),
    ],
)
def test_bad_requests(method: str, headers: Headers, status: int, reason: str) -> None:
    with pytest.raises(ProxyError, match=reason) as error:
        check_request(method, headers)
    assert (error.value.status, error.value.side) == (status, Side.CLIENT)


def test_answers() -> None:
    good = [("upgrade", "WebSocket"), ("connection", "upgrade")]
    check_answer(KEY, [*good, ("sec-websocket-accept", accept_key(KEY))])
    for headers in ([*good, ("Sec-WebSocket-Accept", "wrong")], good, []):
        with pytest.raises(ProxyError) as error:
            check_answer(KEY, headers)
        assert (error.value.status, error.value.side) == (502, Side.SERVER)


@pytest.mark.parametrize("missing", ["Upgrade", "Connection"])
def test_what_is_no_upgrade(missing: str) -> None:
    assert not is_upgrade(replaced(missing))


def test_hop_by_hop_headers_stay_behind() -> None:
    headers = [
        ("Connection", "Upgrade, X-Hop"),
        ("X-Hop", "1"),
        ("Upgrade", "websocket"),
        ("Transfer-Encoding", "chunked"),
        ("Cookie", "a=1"),
        ("cookie", "b=2"),
    ]
    assert end_to_end(headers) == [("Cookie", "a=1"), ("cookie", "b=2")]


def test_header_lookups_ignore_case() -> None:
    assert header(REQUEST, "HOST") == "example.com"
    assert header(REQUEST, "missing") is None
    assert header_tokens(REQUEST, "connection") == ["keep-alive", "upgrade"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", NegotiatedExtensions()),
        ("permessage-deflate", NegotiatedExtensions(DeflateParameters())),
        (
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
            NegotiatedExtensions(
                DeflateParameters(server_no_context_takeover=True, client_max_window_bits=9)
            ),
        ),
        ("x-mux, Permessage-Deflate", NegotiatedExtensions(DeflateParameters(), ("x-mux",))),
        ("permessage-deflate; nonsense", NegotiatedExtensions(None, ("permessage-deflate",))),
    ],
)
def test_agreed_extensions(value: str, expected: NegotiatedExtensions) -> None:
    assert negotiated_extensions([("Sec-WebSocket-Extensions", value)]) == expected
