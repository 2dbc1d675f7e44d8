"""The chat's tests: on a good line, and on lines that are broken on purpose."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest
from aiohttp.test_utils import TestServer
from chat_client import ChatClient, ChatError
from chat_server import application
from fixed_client import FixedChatClient

from wsproxy.testing.proxy import AsyncProxy

Client = FixedChatClient if os.environ.get("CHAT_CLIENT") == "fixed" else ChatClient

StartServer = Callable[..., Awaitable[TestServer]]
StartProxy = Callable[..., Awaitable[AsyncProxy]]


@pytest.fixture
async def proxy(aiohttp_server: StartServer, wsproxy: StartProxy) -> AsyncProxy:
    """A proxy before a chat server."""
    server = await aiohttp_server(application())
    return await wsproxy(server.make_url("/"))


async def shows(client: ChatClient, text: str) -> None:
    """Wait until the client shows something."""
    async with asyncio.timeout(3):
        while text not in client.shown:
            await asyncio.sleep(0.01)


async def test_everybody_hears_everything(proxy: AsyncProxy) -> None:
    async with Client(proxy.url, "ann") as ann, Client(proxy.url, "bob") as bob:
        await ann.say("hello")
        await shows(bob, "ann: hello")
        await bob.say("hi")
        await shows(ann, "bob: hi")


async def test_a_slow_line_changes_nothing(proxy: AsyncProxy) -> None:
    proxy.faults.add("latency", latency="50ms", jitter="40ms", direction="both")
    proxy.faults.add("slicer", size=7, pause="1ms", direction="both")
    async with Client(proxy.url, "ann") as ann:
        for number in range(5):
            await ann.say(str(number))
        await shows(ann, "ann: 4")
        assert ann.shown == [f"ann: {number}" for number in range(5)]


async def test_nothing_is_lost_when_the_line_breaks(proxy: AsyncProxy) -> None:
    proxy.faults.add("reset", match="~b hello", first=1, direction="upstream")
    async with Client(proxy.url, "ann") as ann, Client(proxy.url, "bob") as bob:
        saying = asyncio.create_task(ann.say("hello"))
        await proxy.wait_for("~up & ~dropped")  # the line breaks just then
        proxy.faults.reset()
        await asyncio.wait_for(saying, 3)
        await shows(bob, "ann: hello")


async def test_nothing_is_shown_twice(proxy: AsyncProxy) -> None:
    proxy.faults.add("duplicate", match="~json $.text")
    async with Client(proxy.url, "ann") as ann:
        await ann.say("hello")
        await ann.say("bye")
        await shows(ann, "ann: bye")
        assert ann.shown == ["ann: hello", "ann: bye"]


async def test_a_silent_server_is_noticed(proxy: AsyncProxy) -> None:
    async with Client(proxy.url, "ann") as ann:
        await ann.say("hello")
        with proxy.fault("stall"), pytest.raises(ChatError):
            await asyncio.wait_for(ann.say("anybody there?"), 3)
