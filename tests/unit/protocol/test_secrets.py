"""What records do not hold."""

from __future__ import annotations

import pytest

from wsproxy.protocol.secrets import Mask


def test_headers_keep_their_order_and_lose_their_secrets() -> None:
    headers = [("X-Api-Key", "s1"), ("Host", "x"), ("COOKIE", "s2"), ("X-Mine", "s3")]
    masked = [("X-Api-Key", "***"), ("Host", "x"), ("COOKIE", "***"), ("X-Mine", "***")]
    assert Mask(headers=["x-mine"]).headers(headers) == masked


@pytest.mark.parametrize(
    ("target", "masked"),
    [
        ("/a?token=s&x=1", "/a?token=***&x=1"),
        ("/a?Access_Token=s", "/a?Access_Token=***"),
        ("/a?x=token=s", "/a?x=token=s"),
        ("/a?token", "/a?token"),
        ("/a?token=&&sig=a=b", "/a?token=&&sig=***"),
        ("/token=s", "/token=s"),
        ("/?mine=s", "/?mine=***"),
        ("/?to%6ben=s&access%5Ftoken=s", "/?to%6ben=***&access%5Ftoken=***"),
        ("/?a=1;token=s&token[]=s&token[x]=s", "/?a=1;token=***&token[]=***&token[x]=***"),
        ("/?next=/?token=s&a=1", "/?next=/?token=***&a=1"),
        ("/?token=s?s=s", "/?token=***"),
        ("/#access_token=s&state=1", "/#access_token=***&state=1"),
        ("/?x=1#token=s", "/?x=1#token=***"),
        ("http://user:s@h/?x=1", "http://***@h/?x=1"),
        ("//s@h", "//***@h"),
        ("/a@b?c@d", "/a@b?c@d"),
    ],
)
def test_query_keys(target: str, masked: str) -> None:
    assert Mask(keys=["Mine"]).target(target) == masked


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("Location", "https://u:s@h/cb#id_token=s", "https://***@h/cb#id_token=***"),
        ("Refresh", "5; url=/?token=s", "5; url=/?token=***"),
        ("Link", "</?token=s>; rel=next", "</?token=***; rel=next"),
        ("X-Forwarded-Uri", "/?token=s", "/?token=***"),
        ("X-Else", "/?token=s", "/?token=s"),
    ],
)
def test_urls_in_headers(name: str, value: str, masked: str) -> None:
    assert Mask().headers([(name, value)]) == [(name, masked)]


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("chat, superchat", "chat, superchat"),
        ("bearer, s3cret", "bearer, ***"),
        ("mqtt, eyJhbGciOiJI.eyJzdWIiO.SflKx", "mqtt, ***"),
        ("base64url.bearer.authorization.k8s.io.c2VjcmV0, v4.channel.k8s.io",
         "base64url.bearer.authorization.k8s.io.***, v4.channel.k8s.io"),
    ],
)  # fmt: skip
def test_bearer_tokens_among_subprotocols(value: str, masked: str) -> None:
    assert Mask().headers([("Sec-WebSocket-Protocol", value)])[0][1] == masked
