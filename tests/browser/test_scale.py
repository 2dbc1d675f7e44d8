"""Many frames: every place of a long list is reached, with few elements and little memory.

How fast is for scripts/benchmarks/scrolling.py to say.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Open
from tests.support.big import make_capture
from tests.support.rig import Rig, running

FRAMES = 200_000


@pytest.fixture(scope="module")
def big(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture that takes seconds to make."""
    path = tmp_path_factory.mktemp("big") / "big.wsproxy"
    make_capture(path, FRAMES)
    return path


@pytest_asyncio.fixture(loop_scope="session")
async def rig(tmp_path: Path, big: Path) -> AsyncIterator[Rig]:
    path = tmp_path / big.name
    shutil.copytree(big, path)
    async with running(capture=path) as rig:
        yield rig


async def _until_row(page: Page, text: str) -> None:
    await page.wait_for_function(
        "(text) => [...document.querySelectorAll('.frame .preview')].some((e) => e.textContent.includes(text))",
        arg=text,
        polling=10,
    )


async def test_200_000_frames(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    await _until_row(page, f"n:{FRAMES - 1}}}")
    await expect(page.locator("wsp-frames .foot")).to_contain_text("200,000 rows")
    viewport = page.locator("wsp-frames .viewport")
    for share in (0.5, 0.1, 0.9, 0.33, 0.0, 1.0):
        await viewport.evaluate(
            "(e, share) => { e.scrollTop = share * (e.scrollHeight - e.clientHeight); }", share
        )
        place = round(share * (FRAMES - 1))
        await page.wait_for_function(
            """([place, most]) => {
              const rows = [...document.querySelectorAll('.frame')];
              return rows.length > 10 && rows.every((row) => row.dataset.id)
                && Math.abs(rows[0].dataset.id - place) < most;
            }""",
            arg=[place, 200],
        )
    # What is seen is what is there: the last row by the scrollbar, the first by the keyboard.
    await _until_row(page, f"n:{FRAMES - 1}}}")
    await viewport.focus()
    await page.keyboard.press("Home")
    await _until_row(page, "n:0}")
    elements = await page.evaluate("document.querySelectorAll('*').length")
    assert elements < 3000
    heap = await page.evaluate("performance.memory.usedJSHeapSize")
    assert heap < 60e6


async def test_searching_many_frames(rig: Rig, open_page: Open) -> None:
    page = await open_page()
    await page.get_by_label("Search payloads").fill('"n": 19999')
    await expect(page.locator("wsp-frames .foot span").first).to_have_text("11 rows match")
    await expect(page.locator(".frame .preview").first).to_have_text('{"id": 9999, "n": 19999}')


async def test_what_looks_at_the_newest_only_says_so(rig: Rig, open_page: Open) -> None:
    page = await open_page("&tool=conversation&order=-size")
    await expect(page.locator("wsp-frames .foot")).to_contain_text(
        "sorted: the largest 5,000 of 200,000"
    )
    # The whole capture was looked at: the largest that came first stands first.
    await expect(page.locator(".frame .preview").first).to_have_text("{id:50000,n:100000}")
    await page.get_by_role("button", name="Payload", exact=True).first.click()
    await expect(page.locator("wsp-frames .foot")).to_contain_text(
        "sorted: the newest 5,000 of 200,000"
    )
    await expect(page.locator("wsp-conversation")).to_contain_text(
        "the newest 500 of 2,500 requests; looked for in the newest 5,000 of 200,000 messages"
    )


async def test_a_list_longer_than_an_element_may_be_high(rig: Rig, open_page: Open) -> None:
    # A row is 22 pixels: with a lower bound on the height, 200,000 rows stand for millions.
    page = await open_page()
    await page.evaluate(
        """async () => {
          const { VirtualList } = await import('/static/js/virtual.js');
          const list = new VirtualList(22, (place, old) => {
            if (old) return old;
            const row = document.createElement('div');
            row.className = 'big';
            row.textContent = `row ${place}`;
            return row;
          }, { id: 'long' });
          list.element.style.cssText = 'height: 440px; position: fixed; inset: 0; z-index: 9';
          document.body.append(list.element);
          await new Promise(requestAnimationFrame);
          list.resize(5_000_000);
          window.long = list;
        }"""
    )
    rows = page.locator(".big")
    await expect(rows.first).to_have_text("row 0")
    await page.evaluate("window.long.scrollTo(4_321_000)")
    await expect(rows.first).to_have_text("row 4321000")
    await page.mouse.move(100, 100)
    await page.mouse.wheel(0, 220)
    await expect(rows.first).to_have_text("row 4321010")
    await page.locator("#long").evaluate("(e) => { e.scrollTop = e.scrollHeight; }")
    await expect(rows.last).to_have_text("row 4999999")
