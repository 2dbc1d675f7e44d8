"""How fast the page is in a large capture, and under live traffic, in Chromium.

    .venv/bin/python -m scripts.benchmarks.scrolling [--frames 1000000]

Beside each place is what the same fetch takes without the page: the rest is the page's own.
Wanted of 1,000,000 frames: the first rows within a second, any other place within 0.3 s, 50 ms
between a key and what it does at most, less than 150 MB of memory, and at 5,000 messages a second
the selected row stays selected and where it is.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Page, async_playwright
from websockets.asyncio.client import ClientConnection, connect

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.big import make_capture
from tests.support.rig import TOKEN, Rig, running

SHARES = (0.5, 0.1, 0.9, 0.33, 0.0, 1.0)

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

RATE = 5000
"""Messages a second, both directions together."""

LIVE_SECONDS = 6.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--client", metavar="URL", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.client:
        asyncio.run(_send(args.client))
        return
    frames = args.frames
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.wsproxy"
        make_capture(path, frames)
        asyncio.run(_measure(path, frames))


async def _measure(path: Path, frames: int) -> None:
    async with running(capture=path) as rig, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        print(f"{frames:,} frames\n{'':12}  fetch   seen")
        await _first_rows(rig, page)
        viewport = page.locator("wsp-frames .viewport")
        for share in SHARES:
            fetch = await _fetch(rig, int(share * (frames - 100)))
            seen = await viewport.evaluate(SCROLL, share)
            print(f"{f'to {share:.0%}':12}  {fetch:.3f}  {seen:.3f}")
        await _typing(page)
        await _live(rig, page)
        await _memory(page)
        await browser.close()


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


async def _live(rig: Rig, page: Page) -> None:
    """A row is selected; then much passes."""
    viewport = page.locator("wsp-frames .viewport")
    await viewport.press("Home")
    await viewport.press("ArrowDown")
    selected = page.locator('.frame[aria-selected="true"]')
    before = await selected.get_attribute("data-id"), await selected.bounding_box()
    start = (await rig.get("/status"))["frames"]
    await page.evaluate(WATCH_DRAWING)
    begun = time.perf_counter()
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.benchmarks.scrolling", "--client", rig.proxy.url)
    )
    await client.wait()
    seconds = time.perf_counter() - begun
    passed = (await rig.get("/status"))["frames"] - start
    gap = await page.evaluate("window.gap")
    after = await selected.get_attribute("data-id"), await selected.bounding_box()
    print(
        f"live, {passed / seconds:,.0f} frames/s: longest time without drawing {gap:.0f} ms, selection"
        f" {'kept' if before == after else f'LOST: {before} {after}'}"
    )


async def _send(url: str) -> None:
    """Send RATE / 2 messages a second, which an echo doubles."""
    async with connect(f"{url}/echo", compression=None) as socket:
        reading = asyncio.create_task(_read(socket))
        start = time.perf_counter()
        sent = 0
        while (passed := time.perf_counter() - start) < LIVE_SECONDS:
            while sent < passed * RATE / 2:
                await socket.send(f'{{"id": {sent}, "price": {sent % 997}}}')
                sent += 1
            await asyncio.sleep(0.005)
        reading.cancel()


async def _read(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


async def _memory(page: Page) -> None:
    """What the page holds after all that, once what is garbage is gone."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    used = await session.send("Runtime.getHeapUsage")
    print(f"{used['usedSize'] / 1e6:.0f} MB of JavaScript's memory")


async def _first_rows(rig: Rig, page: Page) -> None:
    # The list's index is made at the first look, here or in the page.
    fetch = await _fetch(rig, -100)
    start = time.perf_counter()
    await page.goto(f"{rig.origin}/?token={TOKEN}")
    await page.wait_for_function(FIRST_ROWS, polling=10)
    print(f"{'first rows':12}  {fetch:.3f}  {time.perf_counter() - start:.3f}")


async def _fetch(rig: Rig, offset: int) -> float:
    start = time.perf_counter()
    await rig.get("/frames", offset=offset, limit=100)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
