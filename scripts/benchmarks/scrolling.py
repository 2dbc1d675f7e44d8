"""How fast the page is in a large capture and under live traffic, and what memory it takes.

    .venv/bin/python -m scripts.benchmarks.scrolling [--frames 1000000] [--rate 5000 --rate 20000]

wsproxy runs as people run it, in a process of its own, and so does Chromium. Beside each place is
what the same fetch takes without the page: the rest is the page's own. Wanted of 1,000,000 frames: the
first rows within a second, any other place within 0.3 s, 50 ms between a key and what it does at most,
less than 150 MB of memory (all that the page's process holds, its share of Chromium's code too), and at
5,000 messages a second the selected row stays selected and where it is. Live, the page follows if its
count is that of the traffic within FOLLOWS_SECONDS of the traffic's end.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, Page, async_playwright

from scripts.benchmarks.targets import TOKEN
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.big import make_capture
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import accept_key

SHARES = (0.5, 0.1, 0.9, 0.33, 0.0, 1.0)

RATES = (5_000, 20_000, 50_000)
"""Messages a second, both directions together."""

LIVE_SECONDS = 5.0
TICK_SECONDS = 0.005
FOLLOWS_SECONDS = 0.5
WANTED_MEGABYTES = 150

FIRST_ROWS = """
() => [...document.querySelectorAll('.frame')].filter((row) => row.dataset.id).length > 10
"""

SCROLL = """
(e, share) => new Promise((resolve) => {
  const start = performance.now();
  e.scrollTop = share * (e.scrollHeight - e.clientHeight);
  const look = () => {
    const rows = [...e.querySelectorAll('.frame')];
    const ready = rows.length > 10 && rows.every((row) => row.dataset.id);
    if (ready || performance.now() - start > 30000) resolve((performance.now() - start) / 1000);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(() => requestAnimationFrame(look));
})
"""

WATCH_KEYS = """
() => {
  window.keys = [];
  addEventListener('keydown', () => {
    const start = performance.now();
    requestAnimationFrame(() => setTimeout(() => window.keys.push(performance.now() - start)));
  }, true);
}
"""

WATCH_DRAWING = """
() => {
  window.gap = 0;
  let last = performance.now();
  const look = (now) => {
    window.gap = Math.max(window.gap, now - last);
    last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame((now) => { last = now; look(now); });
}
"""

COUNTED = """
(rows) => document.querySelector('wsp-frames .foot span').textContent
  .startsWith(rows.toLocaleString('en-US') + ' row')
"""


@dataclass(frozen=True)
class Running:
    """A wsproxy that runs, and its page."""

    session: aiohttp.ClientSession
    origin: str
    port: int

    async def get(self, path: str, **parameters: Any) -> Any:
        """What the API answers."""
        async with self.session.get(f"{self.origin}/api/v1{path}", params=parameters) as response:
            response.raise_for_status()
            return await response.json()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, action="append", help="messages a second; repeatable")
    parser.add_argument("--upstream", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.upstream:
        asyncio.run(_load())
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.wsproxy"
        make_capture(path, args.frames)
        asyncio.run(_measure(path, args.frames, args.rate or RATES))


async def _measure(path: Path, frames: int, rates: tuple[int, ...]) -> None:
    async with (
        _process("scripts.benchmarks.scrolling", "--upstream") as load,
        _wsproxy(path, int(await _line(load))) as running,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        print(f"{frames:,} frames\n{'':12}  fetch   seen")
        await _first_rows(running, page)
        viewport = page.locator("wsp-frames .viewport")
        for share in SHARES:
            fetch = await _fetch(running, int(share * (frames - 100)))
            seen = await viewport.evaluate(SCROLL, share)
            print(f"{f'to {share:.0%}':12}  {fetch:.3f}  {seen:.3f}")
        await _typing(page)
        await _memory(browser, page, "after scrolling and searching")
        for rate in rates:
            await _live(running, load, page, frames, rate)
        await _memory(browser, page, "after the live traffic")
        await browser.close()


@asynccontextmanager
async def _process(*module: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A module of this checkout, until the block ends."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if "run" in module else None,
    )
    try:
        yield child
    finally:
        child.terminate()
        await child.wait()


async def _line(child: asyncio.subprocess.Process) -> str:
    assert child.stdout is not None
    return (await child.stdout.readline()).decode()


@asynccontextmanager
async def _wsproxy(path: Path, upstream: int) -> AsyncIterator[Running]:
    options = ("-q", "-p", "0", "--web-port", "0", "--web-token", TOKEN, "--capture", str(path))
    async with (
        _process("wsproxy", "run", f"ws://127.0.0.1:{upstream}", *options) as child,
        aiohttp.ClientSession(headers={"X-Wsproxy-Token": TOKEN}) as session,
    ):
        assert child.stderr is not None
        while not (
            found := re.search(r"page: (\S+)/\?", line := (await child.stderr.readline()).decode())
        ):
            if not line:
                sys.exit("wsproxy did not start")
        ready = await _line(child)
        yield Running(session, found[1], int(ready.split()[3].rsplit(":", 1)[1]))


async def _typing(page: Page) -> None:
    """A search is typed while it runs in the capture."""
    await page.evaluate(WATCH_KEYS)
    line = page.get_by_label("Search payloads")
    await line.press_sequentially('"n": 99999', delay=120)
    await page.wait_for_function("window.keys.length >= 10", polling=50)
    keys = sorted(await page.evaluate("window.keys"))
    print(f"a key is answered in {keys[len(keys) // 2]:.0f} ms, at most {keys[-1]:.0f} ms")
    await page.wait_for_function(
        "!document.querySelector('wsp-frames .foot').textContent.includes('searching')", polling=50
    )
    await line.press("Escape")


async def _live(
    running: Running, load: asyncio.subprocess.Process, page: Page, recorded: int, rate: int
) -> None:
    """A row is selected; then much passes. `recorded`: frames of the capture before wsproxy ran."""
    viewport = page.locator("wsp-frames .viewport")
    await viewport.press("Home")
    await viewport.press("ArrowDown")
    selected = page.locator('.frame[aria-selected="true"]')
    before = await selected.get_attribute("data-id"), await selected.bounding_box()
    start = (await running.get("/status"))["frames"]
    await page.evaluate(WATCH_DRAWING)
    assert load.stdin is not None
    load.stdin.write(f"{running.port} {rate}\n".encode())
    seconds = float(await _line(load))
    ended = time.perf_counter()
    total = 0
    while (now := (await running.get("/status"))["frames"]) != total:
        total = now
        await asyncio.sleep(0.05)
    await page.wait_for_function(COUNTED, arg=recorded + total, polling=10)
    behind = time.perf_counter() - ended
    gap = await page.evaluate("window.gap")
    after = await selected.get_attribute("data-id"), await selected.bounding_box()
    print(
        f"live, {(total - start) / seconds:,.0f} frames/s:"
        f" {'followed' if behind <= FOLLOWS_SECONDS else 'FELL BEHIND'}, all of them shown {behind:.2f} s"
        f" after their end; longest time without drawing {gap:.0f} ms; selection"
        f" {'kept' if before == after else f'LOST: {before} {after}'}"
    )


async def _load() -> None:
    """Client and server of a connection, both of which send at a rate and read all that comes.

    Says the server's port; then, for each line with a port and a rate, how long it took.
    """
    closing = asyncio.Event()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        key = re.search(r"(?i)sec-websocket-key: *(\S+)", head)
        assert key is not None
        accept = accept_key(key[1])
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept.encode()
        )
        reading = asyncio.create_task(_drain(reader))
        await _pace(writer, rate, None)
        await closing.wait()
        reading.cancel()
        writer.close()

    rate = 0
    server = await asyncio.start_server(served, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        port, asked = map(int, line.split())
        rate = asked // 2
        closing.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        reading = asyncio.create_task(_drain(reader))
        start = time.perf_counter()
        await _pace(writer, rate, b"\x01\x02\x03\x04")
        seconds = time.perf_counter() - start
        print(seconds, flush=True)
        closing.set()
        await reading
        writer.close()


async def _pace(writer: asyncio.StreamWriter, rate: int, key: bytes | None) -> None:
    """Send so many messages a second for LIVE_SECONDS."""
    start = time.perf_counter()
    sent = 0
    while (passed := time.perf_counter() - start) < LIVE_SECONDS:
        due = int(passed * rate)
        writer.write(
            b"".join(
                make_frame(1, b'{"id": %d, "price": %d}' % (n, n % 997), masking_key=key).wire
                for n in range(sent, due)
            )
        )
        sent = due
        await writer.drain()
        await asyncio.sleep(TICK_SECONDS)


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


async def _memory(browser: Browser, page: Page, when: str) -> None:
    """What the page holds once what is garbage is gone: JavaScript's part, and its whole process."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    used = await session.send("Runtime.getHeapUsage")
    found = await (await browser.new_browser_cdp_session()).send("SystemInfo.getProcessInfo")
    # Chromium keeps a spare process for the next page; the page's own is the largest.
    whole = max(_share(each["id"]) for each in found["processInfo"] if each["type"] == "renderer")
    print(
        f"memory {when}: {whole / 1e6:.0f} MB for the whole page (< {WANTED_MEGABYTES}),"
        f" of which JavaScript's {used['usedSize'] / 1e6:.0f} MB"
    )


def _share(pid: int) -> int:
    """Bytes that a process holds; of what it shares with others, its part (PSS)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def _first_rows(running: Running, page: Page) -> None:
    # The list's index is made at the first look, here or in the page.
    fetch = await _fetch(running, -100)
    start = time.perf_counter()
    await page.goto(f"{running.origin}/?token={TOKEN}")
    await page.wait_for_function(FIRST_ROWS, polling=10)
    print(f"{'first rows':12}  {fetch:.3f}  {time.perf_counter() - start:.3f}")


async def _fetch(running: Running, offset: int) -> float:
    start = time.perf_counter()
    await running.get("/frames", offset=offset, limit=100)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
