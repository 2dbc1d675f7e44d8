"""Chromium and its DevTools protocol: a session, events, and an answer of 8 MB."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.integration.decoders.conftest import Start, lines

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync")


@pytest.fixture
async def upstream(tmp_path: Path) -> AsyncIterator[str]:
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "CI needs Chromium"
        pytest.skip("there is no chromium")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *FLAGS,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--remote-debugging-port=0",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            while b"DevTools listening on " not in (line := await process.stderr.readline()):
                assert line, "chromium has ended"
        yield line.split()[-1].decode()
    finally:
        process.kill()
        await process.wait()


class Browser:
    """Asks over one connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._asked = 0
        self.events: list[str] = []

    async def ask(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        self._asked += 1
        question = {"id": self._asked, "method": method, "params": parameters}
        if session is not None:
            question["sessionId"] = session
        await self._socket.send(json.dumps(question))
        while True:
            told = json.loads(await self._socket.recv())
            if told.get("id") == self._asked:
                return told.get("result", told.get("error"))
            self.events.append(told["method"])


async def test_what_client_and_browser_say(upstream: str, through: Start) -> None:
    origin, mark, path = upstream.partition("/devtools")
    proxy = through(origin)
    async with connect(proxy.url + mark + path, max_size=None) as socket:
        browser = Browser(socket)
        await browser.ask("Target.setDiscoverTargets", discover=True)
        created = await browser.ask("Target.createTarget", url="about:blank")
        attached = await browser.ask(
            "Target.attachToTarget", targetId=created["targetId"], flatten=True
        )
        session = attached["sessionId"]
        long = await browser.ask(
            "Runtime.evaluate", session, expression="'x'.repeat(8e6)", returnByValue=True
        )
        assert len(long["result"]["value"]) == 8_000_000
        wrong = await browser.ask("Runtime.nonsense", session)
        assert "nonsense" in wrong["message"]

    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    short = session[:4]
    assert up[0].startswith("1 Target.setDiscoverTargets")
    assert any(line.startswith(f"4 Runtime.evaluate [sess {short}]") for line in up)
    assert "4 result of Runtime.evaluate 8.0 MB" in down
    assert any(
        line.startswith("5 error ") and line.endswith("of Runtime.nonsense") for line in down
    )
    events = [line.split()[1] for line in down if line.startswith("event ")]
    assert events[: len(browser.events)] == browser.events
    answers = [seen for seen in proxy.messages if seen.latency is not None]
    assert len(answers) == 5
