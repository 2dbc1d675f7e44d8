"""What the integration tests share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from tests.support.faulty import Proxied, faulty_proxy

# What the peers assert is explained like what the tests themselves assert.
pytest.register_assert_rewrite("tests.support.peers")


@pytest.fixture(autouse=True)
def no_other_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients go to loopback directly, whatever proxy the environment names."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "socks_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def failures_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """What failed for a client is of level INFO; `wsproxy run` shows it where the log of frames does not."""
    caplog.set_level(logging.INFO, "wsproxy")


@pytest.fixture
async def proxied() -> AsyncIterator[Proxied]:
    """A proxy with faults in front of an echo server."""
    async with faulty_proxy() as made:
        yield made
