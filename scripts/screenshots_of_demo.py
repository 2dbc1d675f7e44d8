"""Take the pictures of the page: `scripts/screenshots` runs this."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import time
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from wsproxy.app import Proxy
from wsproxy.cli import demo_peers
from wsproxy.config import Settings
from wsproxy.faults.control import FaultSet

SIZE = {"width": 1280, "height": 760}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
THEMES = ("light", "dark")
IMAGES = Path("docs/images")
ALL = Path("build/screenshots")

TOOLS = [
    "timeline",
    "conversation",
    "statistics",
    "send",
    "breakpoints",
    "faults",
    "http",
    "compare",
    "notes",
]


async def main(*, everything: bool) -> None:
    """Run the demo, look at it in its main views, or in all."""
    server, port = await demo_peers.start_upstream()
    faults = FaultSet(7, time.time)
    settings = Settings(upstream_url=f"ws://127.0.0.1:{port}", listen_port=0, web_port=0)
    proxy = Proxy(settings, faults=faults, fault_control=faults)
    await proxy.start()
    talking = None
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            if everything:
                for theme in THEMES:
                    await _empty(browser, proxy, theme)
            await demo_peers.conversation(proxy.url)
            talking = asyncio.create_task(demo_peers.keep_talking(proxy.url))
            await asyncio.sleep(6)
            for theme in THEMES:
                if everything:
                    await _all(browser, proxy, theme)
                else:
                    await _main_views(browser, proxy, theme)
            await browser.close()
    finally:
        if talking is not None:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        await proxy.stop()
        server.close()


async def _page(
    browser: Browser,
    proxy: Proxy,
    theme: str,
    size: dict[str, int] | None = None,
    scale: int = 1,
) -> Page:
    context = await browser.new_context(
        viewport=size or SIZE,  # type: ignore[arg-type]
        color_scheme=theme,  # type: ignore[arg-type]
        device_scale_factor=scale,
    )
    page = await context.new_page()
    await page.goto(proxy.page_url)
    return page


async def _take(page: Page, folder: Path, name: str, theme: str) -> None:
    await page.wait_for_timeout(400)
    await page.screenshot(path=folder / f"{name}-{theme}.png")


async def _main_views(browser: Browser, proxy: Proxy, theme: str) -> None:
    page = await _page(browser, proxy, theme)
    await _select_a_row(page)
    await _take(page, IMAGES, "frames", theme)
    await page.get_by_role("tab", name="Frame", exact=True).click()
    await page.get_by_role("tab", name="Timeline").click()
    await _take(page, IMAGES, "header-and-timeline", theme)
    await _stop_one(page)
    await _take(page, IMAGES, "breakpoint", theme)
    await page.get_by_role("button", name="Remove", exact=True).click()
    await page.get_by_role("tab", name="Faults").click()
    await page.locator(".card[data-type=latency]").click()
    # Room for the gallery.
    await page.evaluate("document.documentElement.style.setProperty('--tools', '440px')")
    await _take(page, IMAGES, "faults", theme)
    await page.context.close()


async def _empty(browser: Browser, proxy: Proxy, theme: str) -> None:
    page = await _page(browser, proxy, theme)
    await page.wait_for_selector(".start")
    await _take(page, ALL, "empty", theme)
    await page.goto(proxy.page_url.split("?", maxsplit=1)[0] + "?token=wrong")
    await _take(page, ALL, "wrong-token", theme)
    await page.context.close()


async def _all(browser: Browser, proxy: Proxy, theme: str) -> None:
    page = await _page(browser, proxy, theme)
    await _select_a_row(page)
    for tab in ("payload", "frame", "message", "handshake"):
        await page.locator(f"[data-tab={tab}]").click()
        await _take(page, ALL, f"details-{tab}", theme)
    await page.locator("[data-tab=payload]").click()
    for tool in TOOLS:
        await page.locator(f"[data-tab={tool}]").click()
        await _take(page, ALL, f"tool-{tool}", theme)
        if tool == "conversation":
            for view in ("By kind", "Sessions"):
                await page.get_by_role("button", name=view, exact=True).click()
                await _take(page, ALL, f"tool-{view.split()[-1].lower()}", theme)
        if tool == "faults":
            await page.get_by_role("button", name="Scenario", exact=True).click()
            await _take(page, ALL, "tool-scenario", theme)
    await _stop_one(page)
    await _take(page, ALL, "held", theme)
    await page.get_by_role("button", name="Remove", exact=True).click()
    await page.locator("[data-tab=breakpoints]").click()
    await page.get_by_label("Search payloads").fill("price")
    await _take(page, ALL, "search", theme)
    for keys, name in (("Control+k", "palette"), ("?", "keys")):
        await page.locator("wsp-frames .viewport").focus()
        await page.keyboard.press(keys)
        await _take(page, ALL, name, theme)
        await page.keyboard.press("Escape")
    await page.locator(".frame").nth(2).click(button="right")
    await _take(page, ALL, "menu", theme)
    for name in ("Filter", "Colour"):
        await page.get_by_role("menuitem", name=name).click()
        await _take(page, ALL, f"menu-{name.lower()}", theme)
        await page.keyboard.press("Escape")
        await page.locator(".frame").nth(2).click(button="right")
    await page.context.close()
    # 1440 pixels at 200 % are 720, of which each is two.
    for name, width, scale in (
        ("1440", 1440, 1),
        ("1024", 1024, 1),
        ("zoom-200", 720, 2),
        ("390", 390, 1),
    ):
        size = {"width": width, "height": 450 if scale > 1 else 800}
        narrow = await _page(browser, proxy, theme, size, scale)
        await narrow.wait_for_selector(".frame")
        await narrow.locator(".frame").nth(3).click()
        await _take(narrow, ALL, f"width-{name}", theme)
        if width < 760:
            for pane in ("Connections", "Details", "Tools"):
                await narrow.get_by_role("button", name=pane, exact=True).click()
                if pane == "Tools":
                    await narrow.locator("[data-tab=faults]").click()
                await _take(narrow, ALL, f"width-{name}-{pane.lower()}", theme)
        await narrow.context.close()


async def _select_a_row(page: Page) -> None:
    await page.wait_for_selector(".frame")
    await page.keyboard.press("f")
    await page.keyboard.press("Home")
    for _ in range(6):
        await page.keyboard.press("ArrowDown")


async def _stop_one(page: Page) -> None:
    await page.get_by_role("tab", name="Breakpoints").click()
    await page.get_by_label("Filter of the breakpoint").fill("~up & ~json $.op=price")
    await page.get_by_role("button", name="Add breakpoint").click()
    await page.wait_for_selector(".held")
    await page.get_by_role("tab", name="Payload", exact=True).click()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    everything = parser.parse_args().all
    (ALL if everything else IMAGES).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(everything=everything))
