"""Take the pictures of the documentation: `scripts/screenshots` runs this."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from wsproxy.app import Proxy
from wsproxy.cli import demo_peers
from wsproxy.config import Settings

SIZE = {"width": 1280, "height": 760}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
THEMES = ("light", "dark")


async def main(folder: Path) -> None:
    """Run the demo, look at it in every view and both themes."""
    server, port = await demo_peers.start_upstream()
    proxy = Proxy(Settings(upstream_url=f"ws://127.0.0.1:{port}", listen_port=0, web_port=0))
    await proxy.start()
    talking = None
    try:
        await demo_peers.conversation(proxy.url)
        talking = asyncio.create_task(demo_peers.keep_talking(proxy.url))
        await asyncio.sleep(6)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            for theme in THEMES:
                await _views(browser, proxy, theme, folder)
            await browser.close()
    finally:
        if talking is not None:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        await proxy.stop()
        server.close()


async def _views(browser: Browser, proxy: Proxy, theme: str, folder: Path) -> None:
    context = await browser.new_context(viewport=SIZE, color_scheme=theme)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(proxy.page_url)
    await page.wait_for_selector(".frame")

    async def take(name: str) -> None:
        await page.wait_for_timeout(400)
        await page.screenshot(path=folder / f"{name}-{theme}.png")

    await page.keyboard.press("f")
    await page.keyboard.press("Home")
    for _ in range(6):
        await page.keyboard.press("ArrowDown")
    await take("frames")
    await page.get_by_role("tab", name="Frame", exact=True).click()
    await page.get_by_role("tab", name="Timeline").click()
    await take("header-and-timeline")
    await _stop_one(page)
    await take("breakpoint")
    await page.get_by_role("button", name="Remove", exact=True).click()
    await context.close()


async def _stop_one(page: Page) -> None:
    await page.get_by_role("tab", name="Breakpoints").click()
    await page.get_by_label("Filter of the breakpoint").fill("~up & ~json $.op=price")
    await page.get_by_role("button", name="Add breakpoint").click()
    await page.wait_for_selector(".held")
    await page.get_by_role("tab", name="Payload", exact=True).click()


if __name__ == "__main__":
    images = Path(sys.argv[1])
    images.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(images))
