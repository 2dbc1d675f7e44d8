"""How fast the page's list is in a large capture: seconds until rows are seen, in Chromium.

    .venv/bin/python -m scripts.benchmarks.scrolling [--frames 200000]

Beside each place is what the same fetch takes without the page: the rest is the page's own.
Wanted: the first rows within a second of the fetch, any other place within half a second.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from playwright.async_api import Page, async_playwright

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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=200_000)
    frames = parser.parse_args().frames
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
        heap = await page.evaluate("performance.memory.usedJSHeapSize")
        print(f"{heap / 1e6:.0f} MB of JavaScript's memory")
        await browser.close()


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
