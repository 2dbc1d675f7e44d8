"""Notes, bookmarks and colours: kept in the capture, seen by all pages."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def test_notes_are_kept_in_the_capture(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        for text in ("one", "two"):
            await client.send(text)
            await client.recv()
        await rig.rows(4)
        page = await open_page()
        other = await open_page()
        await page.locator(".frame").nth(2).click(button="right")
        await page.get_by_role("menuitem", name="Note…").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Note", exact=True).last.fill("the one that failed")
        await dialog.get_by_label("Colour").select_option("green")
        await dialog.get_by_label("Bookmark").check()
        await dialog.get_by_role("button", name="Keep").click()
        await expect(page.locator(".frame.noted.green")).to_contain_text("two")
        await expect(other.locator(".frame.noted.green .star")).to_have_text("★")
        assert (await rig.get("/notes"))["notes"] == [
            {
                "connection": 1,
                "direction": "upstream",
                "message": 2,
                "note": "the one that failed #green",
                "marked": True,
            }
        ]
        await page.locator(".connection", has_text="#1").click(button="right")
        await page.get_by_role("menuitem", name="Note…").click()
        await dialog.get_by_label("Note", exact=True).last.fill("slow client")
        await dialog.get_by_role("button", name="Keep").click()
        await expect(other.locator(".connection.noted")).to_contain_text("slow client")
        await other.get_by_role("tab", name="Notes").click()
        await expect(other.locator("wsp-notes tbody tr")).to_have_count(2)
        await other.get_by_label("Find a note").fill("failed")
        await expect(other.locator("wsp-notes tbody tr")).to_have_count(1)
        await other.get_by_role("button", name="#1 ↑ message 2", exact=True).click()
        await expect(other.locator("wsp-details h2")).to_have_text("Frame 3")
        await other.get_by_role("button", name="List what is bookmarked").click()
        await expect(other.locator(".frame")).to_have_count(1)
        await other.get_by_role("button", name="Remove the note on #1 ↑ message 2").click()
        await expect(page.locator(".frame.noted")).to_have_count(0)
