from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mitmproxy import exceptions, http, options
from mitmproxy.test import tflow

from wsproxy.addonhost.logs import give_back, take_over
from wsproxy.addonhost.master import Master


class Says:
    def __init__(self, name: str, said: list[str], *, error: Exception | None = None) -> None:
        self.name = name
        self.addons: list[Any] = []
        self._said = said
        self._error = error

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        self._said.append(self.name)
        if self._error is not None:
            raise self._error


class Waits(Says):
    async def websocket_message(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        super().websocket_message(flow)


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    previous = take_over()
    master = Master(options.Options())
    master.options.update(flow_detail=0)
    yield master
    await master.done()
    give_back(previous)


async def call(master: Master) -> None:
    rest = master.addons.flow_hook("websocket_message", tflow.twebsocketflow())
    if rest is not None:
        await rest


async def test_without_an_addon_nobody_is_called(master: Master) -> None:
    assert not master.addons.has("websocket_message")
    assert master.addons.flow_hook("websocket_message", tflow.twebsocketflow()) is None


async def test_addons_that_come_and_go_are_noticed(master: Master) -> None:
    said: list[str] = []
    first = Says("first", said)
    assert not master.addons.has("websocket_message")
    master.addons.add(first, Waits("second", said))
    await call(master)
    assert said == ["first", "second"]
    master.addons.remove(first)
    await call(master)
    assert said == ["first", "second", "second"]


async def test_plain_hooks_need_no_waiting(master: Master) -> None:
    said: list[str] = []
    master.addons.add(Says("first", said))
    assert master.addons.flow_hook("websocket_message", tflow.twebsocketflow()) is None
    assert said == ["first"]


@pytest.mark.parametrize("kind", [Says, Waits])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        # mitmproxy skips what is left of the chain's element, or with AddonHalt of the chain.
        (ValueError("no"), ["one", "two", "four"]),
        (exceptions.OptionsError("no"), ["one", "two", "four"]),
        (exceptions.AddonHalt(), ["one", "two"]),
    ],
)
async def test_what_an_exception_skips(
    kind: type[Says], error: Exception, expected: list[str], master: Master
) -> None:
    said: list[str] = []
    one = Says("one", said)
    one.addons = [kind("two", said, error=error), Says("three", said)]
    master.addons.add(one, Says("four", said))
    await call(master)
    assert said == expected


async def test_an_option_wakes_an_idle_addon(master: Master) -> None:
    assert not master.addons.has("websocket_message")
    master.options.update(flow_detail=1)
    assert master.addons.has("websocket_message")


async def test_what_is_no_function_is_logged(
    master: Master, caplog: pytest.LogCaptureFixture
) -> None:
    addon = Says("first", [])
    addon.websocket_message = "nothing to call"  # type: ignore[method-assign, assignment]
    caplog.set_level(logging.ERROR)
    master.addons.add(addon)
    await call(master)
    assert "not callable" in caplog.text
