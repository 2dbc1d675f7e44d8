"""A real Chromium before a real proxy. Skipped where there is none, except in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.support.rig import TOKEN, Rig, running

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

Open = Callable[..., "Awaitable[Page]"]

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE_MS = 20_000
"""How long what should be seen may take, on a machine that has much else to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here share a loop, for they share a browser: starting one takes a second."""
    for item in items:
        if item.path.parent == HERE and isinstance(item, pytest.Function):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests; each opens contexts of its own, which share nothing."""
    missing = None
    try:
        from playwright.async_api import async_playwright, expect

        expect.set_options(timeout=PATIENCE_MS)
    except ImportError:
        missing = "playwright is not installed"
    if CHROMIUM is None:
        missing = "there is no chromium"
    if missing:
        assert not os.environ.get("CI"), f"{missing}, and CI needs it"
        pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, rig: Rig) -> AsyncIterator[Open]:
    """Open the page with a query; whatever it complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    async def open_(query: str = "", **options: Any) -> Page:
        context = await browser.new_context(
            viewport={"width": 1440, "height": 900}, accept_downloads=True, **options
        )
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and "status of 4" not in message.text
                else None
            ),
        )
        await page.goto(f"{rig.origin}/?token={TOKEN}{query}")
        await page.wait_for_selector(".live:not(.off)")
        return page

    yield open_
    for context in contexts:
        await context.close()
    assert complaints == []
