"""Upstream URLs."""

from __future__ import annotations

import pytest

from wsproxy.config import Settings, parse_upstream
from wsproxy.errors import WsproxyError


@pytest.mark.parametrize(
    "url", ["ws://localhost:8000", "wss://a.example/prefix", "http://[::1]:80", "https://a/b/c/"]
)
def test_upstreams(url: str) -> None:
    assert parse_upstream(url) == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("localhost:8000", "must begin with ws://"),
        ("ftp://a", "must begin with ws://"),
        ("ws://", "names no host"),
        ("ws://a:port", "is not a URL"),
        ("ws://a:0", "has port 0"),
        ("ws://a/?x=1", "must not have a query"),
        ("ws://a/#x", "must not have a query"),
    ],
)
def test_what_is_no_upstream(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_upstream(url)
    with pytest.raises(WsproxyError, match=reason):
        Settings(upstream_url=url)
