"""Two messages, two connections, and a capture with another."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def _talk(rig: Rig, *messages: object) -> None:
    async with rig.client() as client:
        for message in messages:
            await client.send(json.dumps(message))
            await client.recv()


async def test_any_two_messages(rig: Rig, open_page: Open) -> None:
    await _talk(rig, {"type": "tick", "price": 1})
    await _talk(rig, {"type": "tick", "price": 2})
    await rig.rows(8)
    page = await open_page("&control=0")
    await page.locator(".frame").first.click(button="right")
    await page.get_by_role("menuitem", name="Choose for comparing").click()
    await page.locator(".connection", has_text="#2").click()
    await page.locator(".frame").first.click(button="right")
    await page.get_by_role("menuitem", name="Compare with frame 1").click()
    await expect(page.locator("table.changes tbody tr")).to_have_count(1)
    await expect(page.locator("table.changes")).to_contain_text("$.price")


async def test_two_connections(rig: Rig, open_page: Open) -> None:
    tick = {"type": "tick", "price": 1}
    await _talk(rig, {"type": "hello"}, tick)
    await _talk(rig, {"type": "hello"}, tick | {"price": 2}, {"type": "extra"})
    await rig.rows(12)
    page = await open_page("&connection=1")
    await page.locator('.connection[data-id="2"]').click(button="right")
    await page.get_by_role("menuitem", name="Compare with another").click()
    panel = page.locator("wsp-compare")
    await expect(panel).to_contain_text("2 changed, 2 extra; 1 connection and")
    changed = panel.locator("tbody tr", has_text="changed").first
    await expect(changed.locator("del")).to_have_text("1")
    await expect(changed.locator("ins")).to_have_text("2")
    await changed.get_by_role("button").last.click()
    await expect(page.locator("wsp-details .tree")).to_contain_text("price: 2")
    await panel.get_by_label("After: number").fill("99")
    await panel.get_by_role("button", name="Compare", exact=True).click()
    await expect(panel).to_contain_text("there is no such connection")


async def test_an_earlier_capture(rig: Rig, open_page: Open, tmp_path: Path) -> None:
    await _talk(rig, {"type": "hello"}, {"type": "tick", "price": 1})
    await rig.rows(4)
    async with rig.session.get(f"{rig.api}/export") as response:
        earlier = (await response.text()).replace('"price\\": 1', '"price\\": 7')
    path = tmp_path / "earlier.jsonl"
    path.write_text(earlier)
    page = await open_page("&tool=compare")
    panel = page.locator("wsp-compare")
    await panel.get_by_label("Capture to compare with").set_input_files(path)
    await expect(panel).to_contain_text("2 changed")
    await expect(panel.locator("del").first).to_have_text("7")
    path.write_text("nothing of the kind")
    await panel.get_by_label("Capture to compare with").set_input_files(path)
    await expect(panel).to_contain_text("cannot read")


async def test_a_dropped_file_is_opened_in_a_page_of_its_own(
    rig: Rig, open_page: Open, tmp_path: Path
) -> None:
    await _talk(rig, {"type": "hello"})
    await rig.rows(2)
    async with rig.session.get(f"{rig.api}/export") as response:
        text = await response.text()
    page = await open_page()
    drop = """([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      for (const type of ['dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    await page.evaluate(drop, ["wrong.txt", "nothing of the kind"])
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Open it").click()
    await expect(dialog).to_contain_text("cannot read wrong.txt")
    await dialog.get_by_role("button", name="Cancel").click()
    await page.evaluate(drop, ["old.jsonl", text])
    await dialog.get_by_role("button", name="Open it").click()
    link = dialog.get_by_role("link", name="Show it in a new tab")
    await expect(link).to_be_visible()
    async with page.context.expect_page() as opened:
        await link.click()
    other = await opened.value
    await expect(other.locator(".live")).to_contain_text("saved")
    await expect(other.locator("wsp-header")).to_contain_text("old.jsonl")
    await expect(other.locator(".frame").first).to_contain_text("hello")
