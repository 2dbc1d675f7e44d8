"""The list of frames: columns, order, colours, and the way from hit to hit."""

from __future__ import annotations

import json

from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def _talk(rig: Rig, *messages: str) -> None:
    async with rig.client() as client:
        for message in messages:
            await client.send(message)
            await client.recv()


async def _column(page: Page, place: int) -> list[str]:
    return await page.locator(f".frame > span:nth-child({place})").all_inner_texts()


async def test_a_path_of_json_is_a_column_and_sorts(rig: Rig, open_page: Open) -> None:
    prices = (30, 4, 100)
    await _talk(rig, *(json.dumps({"data": {"price": price}}) for price in prices))
    await rig.rows(8)
    page = await open_page("&connection=1&dir=up&control=0")
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("menuitem", name="A path of JSON").click()
    await page.get_by_role("textbox", name="A path of JSON as a column").fill("$.data.price")
    await page.get_by_role("button", name="Add the column").click()
    await expect(page.locator(".frame .extra")).to_have_text(["30", "4", "100"])
    title = page.get_by_role("button", name="$.data.price")
    await title.click()
    await expect(page.locator(".frame .extra")).to_have_text(["4", "30", "100"])
    await title.click()
    await expect(page.locator(".frame .extra")).to_have_text(["100", "30", "4"])
    await expect(page.locator("wsp-frames .foot")).to_contain_text("sorted")
    await page.locator(".frame").first.click()
    await expect(page.locator("wsp-details .tree")).to_contain_text("price: 100")
    await page.reload()
    await expect(page.locator(".frame .extra")).to_have_text(["100", "30", "4"])
    await title.click()
    await expect(page.locator(".frame .extra")).to_have_text(["30", "4", "100"])
    async with rig.client() as client:  # the feed's rows have the column, too
        await page.goto(page.url.replace("connection=1", "connection=2"))
        await client.send('{"data": {"price": 7}}')
        await expect(page.locator(".frame .extra")).to_have_text(["7"])


async def test_a_drag_selects_a_range(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "one", "two", "three")
    await rig.rows(6)
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    first, last = page.locator(".frame").nth(1), page.locator(".frame").nth(4)
    await first.hover()
    await page.mouse.down()
    await page.locator(".frame").nth(2).hover()
    await last.hover()
    await page.mouse.up()
    await expect(page.locator("wsp-frames .foot")).to_contain_text("4 selected")
    await page.locator("wsp-frames .viewport").focus()
    await page.keyboard.press("Control+c")
    await expect(page.locator(".toast")).to_have_text("Copied 4 rows")
    lines = (await page.evaluate("navigator.clipboard.readText()")).split("\n")
    assert [line.rpartition("\t")[2] for line in lines] == ["one", "two", "two", "three"]


async def test_a_failed_fetch_says_so_and_tries_again(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "one")
    await rig.rows(2)
    page = await open_page("&q=one")
    await expect(page.locator(".frame")).to_have_count(2)
    error = {"error": {"code": "not_written", "message": "the disk is full"}}
    await page.route("**/api/v1/frames?*", lambda route: route.fulfill(status=409, json=error))
    await page.get_by_label("Search payloads").fill("on")
    await expect(page.locator("wsp-frames .empty")).to_contain_text("the disk is full")
    await page.unroute("**/api/v1/frames?*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".frame")).to_have_count(2)


async def test_latency_is_a_column(rig: Rig, open_page: Open) -> None:
    await _talk(rig, json.dumps({"op": "ask", "id": 7}))
    await rig.rows(4)
    page = await open_page("&connection=1&control=0")
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("menuitem", name="Latency").click()
    await expect(page.locator(".frame .extra").nth(1)).to_contain_text("s")
    await page.get_by_role("button", name="Latency").click()
    await expect(page.locator(".frame").first).to_contain_text("ok:true")


async def test_rules_colour_rows(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "fine", "an error")
    await rig.rows(4)
    page = await open_page("&control=0")
    await page.get_by_role("button", name="Saved and earlier filters").click()
    await page.get_by_role("menuitem", name="Colour rows by filter").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Filter of the rule").fill("~nonsense")
    await dialog.get_by_role("button", name="Add rule").click()
    await expect(dialog).to_contain_text("there is no filter word ~nonsense")
    await dialog.get_by_label("Filter of the rule").fill("~up & ~b error")
    await dialog.get_by_role("button", name="Add rule").click()
    await expect(page.locator(".frame.noted.red")).to_have_count(1)
    await expect(page.locator(".frame.noted.red")).to_contain_text("an error")
    await dialog.get_by_role("button", name="Close").click()
    await page.reload()
    await expect(page.locator(".frame.noted.red")).to_have_count(1)


async def test_from_hit_to_hit(rig: Rig, open_page: Open) -> None:
    await _talk(
        rig, "x" * 300 + " needle one", "hay", json.dumps({"a": {"b": {"c": {"d": "needle two"}}}})
    )
    await rig.rows(6)
    page = await open_page("&control=0")
    await page.get_by_label("Search payloads").fill("needle")
    rows = page.locator(".frame")
    await expect(rows).to_have_count(4)
    await expect(rows.first.locator("mark")).to_have_text("needle")  # a snippet, not the beginning
    await page.get_by_role("button", name="only hits").click()
    await expect(rows).to_have_count(6)
    for wanted in ("1", "2", "5", "6", "1"):
        await page.keyboard.press("F3")
        await expect(page.locator("wsp-details h2")).to_have_text(f"Frame {wanted}")
    await page.keyboard.press("Shift+F3")
    await expect(page.locator("wsp-details h2")).to_have_text("Frame 6")
    # The tree is open where the hit is.
    await expect(page.locator("wsp-details .tree mark")).to_have_text("needle")
    await page.get_by_label("Search payloads").fill("nowhere to be found")
    await page.get_by_role("button", name="Next match").click()
    await expect(page.locator(".toast")).to_have_text("Nothing matches.")
