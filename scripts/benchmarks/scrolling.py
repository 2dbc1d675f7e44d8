"""How fast the page is in a large capture and under live traffic, and what memory it takes.

wsproxy runs as people run it, in a process of its own, and so does Chromium. Beside each place is
what the same fetch takes without the page: the rest is the page's own. Memory is all that the page's
process holds, its share of Chromium's code too. Live, the page follows if its count is that of the
traffic within FOLLOWS_SECONDS of the traffic's end, and the selected row stays selected and where it
is.
"""

from __future__ import annotations

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
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from scripts.benchmarks.report import Report, verdict
from scripts.benchmarks.shapes import Settings
from scripts.benchmarks.targets import TOKEN
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.big import make_capture

FRAMES = 1_000_000
FIRST_SECONDS = 1.0
PLACE_SECONDS = 0.3
KEY_MILLISECONDS = 50.0
"""What is wanted at most."""

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}

SHARES = (0.5, 0.1, 0.9, 0.33, 0.0, 1.0)

RATES = (5_000, 20_000, 50_000)
"""Messages a second, both directions together."""

LIVE_SECONDS = 5.0
FOLLOWS_SECONDS = 0.5
MEGABYTES = 150.0

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


def page(settings: Settings) -> Report:
    """the page in a capture of 1,000,000 frames and under live traffic"""
    report = Report("page", ("what", "figure", "beside it"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.wsproxy"
        make_capture(path, FRAMES)
        rates = RATES if settings.rounds >= 5 else RATES[-1:]
        asyncio.run(_measure(report, path, rates))
    return report


async def _measure(report: Report, path: Path, rates: tuple[int, ...]) -> None:
    async with (
        _process("scripts.benchmarks.pacing", str(LIVE_SECONDS)) as load,
        _wsproxy(path, int(await _line(load))) as running,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # Playwright looks again and again by `eval`, which the page's policy forbids.
        page = await browser.new_page(viewport=VIEWPORT, bypass_csp=True)
        await _first_rows(report, running, page)
        await _places(report, running, page)
        await _typing(report, page)
        await _memory(report, browser, page, "after scrolling and searching")
        for rate in rates:
            await _live(report, running, load, page, rate)
        await _memory(report, browser, page, "after the live traffic")
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


async def _typing(report: Report, page: Page) -> None:
    """A search is typed while it runs in the capture."""
    await page.evaluate(WATCH_KEYS)
    line = page.get_by_label("Search payloads")
    await line.press_sequentially('"n": 99999', delay=120)
    await page.wait_for_function("window.keys.length >= 10", polling=50)
    keys = sorted(await page.evaluate("window.keys"))
    report.add(
        "a key is answered in, ms at most",
        verdict(keys[-1], most=KEY_MILLISECONDS),
        f"{keys[len(keys) // 2]:.0f} mostly",
    )
    await page.wait_for_function(
        "!document.querySelector('wsp-frames .foot').textContent.includes('searching')", polling=50
    )
    await line.press("Escape")


async def _live(
    report: Report, running: Running, load: asyncio.subprocess.Process, page: Page, rate: int
) -> None:
    """A row is selected; then much passes."""
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
    await page.wait_for_function(COUNTED, arg=FRAMES + total, polling=10)
    behind = time.perf_counter() - ended
    gap = await page.evaluate("window.gap")
    after = await selected.get_attribute("data-id"), await selected.bounding_box()
    report.add(
        f"live, {(total - start) / seconds:,.0f} frames/s: all are shown after, s",
        verdict(behind, most=FOLLOWS_SECONDS),
        f"{gap:.0f} ms without drawing at most; the selection is"
        f" {'kept' if before == after else f'**lost**: {before} {after}'}",
    )


async def _memory(report: Report, browser: Browser, page: Page, when: str) -> None:
    """What the page holds once what is garbage is gone: JavaScript's part, and its whole process."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    used = await session.send("Runtime.getHeapUsage")
    found = await (await browser.new_browser_cdp_session()).send("SystemInfo.getProcessInfo")
    # Chromium keeps a spare process for the next page; the page's own is the largest.
    whole = max(_share(each["id"]) for each in found["processInfo"] if each["type"] == "renderer")
    report.add(
        f"MB of the whole page {when}",
        verdict(whole / 1e6, most=MEGABYTES),
        f"{used['usedSize'] / 1e6:.0f} of them JavaScript's",
    )


def _share(pid: int) -> int:
    """Bytes that a process holds; of what it shares with others, its part (PSS)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def _first_rows(report: Report, running: Running, page: Page) -> None:
    # The list's index is made at the first look, here or in the page.
    fetch = await _fetch(running, -100)
    start = time.perf_counter()
    await page.goto(f"{running.origin}/?token={TOKEN}")
    await page.wait_for_function(FIRST_ROWS, polling=10)
    seen = time.perf_counter() - start
    report.add("first rows, s", verdict(seen, most=FIRST_SECONDS), f"the fetch alone {fetch:.2f}")


async def _places(report: Report, running: Running, page: Page) -> None:
    """Other places of the list: the slowest counts."""
    viewport = page.locator("wsp-frames .viewport")
    found = []
    for share in SHARES:
        fetch = await _fetch(running, int(share * (FRAMES - 100)))
        found.append((await viewport.evaluate(SCROLL, share), fetch))
    seen, fetch = max(found)
    report.add(
        "any other place, s at most", verdict(seen, most=PLACE_SECONDS), f"the fetch {fetch:.2f}"
    )


async def _fetch(running: Running, offset: int) -> float:
    start = time.perf_counter()
    await running.get("/frames", offset=offset, limit=100)
    return time.perf_counter() - start
