"""The page over a saved capture: everything that reads is there, nothing that steers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.captured import DOWN, UP, Peers, conversation
from wsproxy.captures.making import make_capture
from wsproxy.cli.viewer import Viewer

if TYPE_CHECKING:
    from playwright.async_api import Browser


async def test_a_saved_capture_shows_and_does_not_steer(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "c.wsproxy"
    make_capture(path, Peers(conversation()).say(UP, "hello there").say(DOWN, "general").items)
    viewer = Viewer(path, "c.wsproxy", port=0)
    await viewer.start()
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda r: complaints.append(r.url) if r.status >= 400 else None)
        await page.goto(f"{viewer.page_url}&tool=send")
        await page.get_by_text("hello there").first.wait_for()
        assert await page.locator(".live").inner_text() == "saved"
        assert await page.locator("wsp-header .route").inner_text() == "c.wsproxy"
        tools = page.locator("wsp-tools [role=tab]")
        assert await tools.all_inner_texts() == [
            "Timeline",
            "Conversation",
            "Statistics",
            "HTTP",
            "Compare",
            "Notes",
        ]
        assert await page.locator("wsp-send, wsp-composer, wsp-breakpoints").count() == 0
        assert not await page.get_by_text("Pause view").is_visible()
        await page.get_by_text("hello there").first.click(button="right")
        menu = page.get_by_role("menu")
        await menu.get_by_text("Bookmark").wait_for()
        assert await menu.get_by_text("send again").count() == 0
        await page.keyboard.press("Escape")
        await page.keyboard.press("Control+K")
        await page.get_by_role("combobox", name="Find a command").fill("open")
        options = await page.get_by_role("option").all_inner_texts()
        assert not [text for text in options if "Faults" in text or "Send" in text]
        assert complaints == []
    finally:
        await context.close()
        await viewer.stop()
