"""Everyday handling: filters from values, colours, times, going to a place, copying, sending again."""

from __future__ import annotations

import json
import re

from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def _talk(rig: Rig, *messages: str) -> None:
    async with rig.client() as client:
        for message in messages:
            await client.send(message)
            await client.recv()
    await rig.rows(2 * len(messages) + 2)


async def _choose(page: Page, place: int, *items: str) -> None:
    """Take items of a row's menu."""
    await page.locator(".frame").nth(place).click(button="right")
    for item in items:
        await page.get_by_role("menuitem", name=item).click()


async def test_a_value_becomes_a_filter(rig: Rig, open_page: Open) -> None:
    await _talk(rig, '{"n":1,"op":"buy"}', '{"n":2,"op":"sell"}')
    page = await open_page("&control=0")
    line = page.get_by_label("Search payloads")
    await _choose(page, 0, "Filter", "Only ↑ up")
    await expect(line).to_have_value("~up")
    await expect(page.locator(".frame")).to_have_count(2)
    # By keyboard: the menu of the selected row, its submenu, and the item.
    await page.locator(".frame").nth(1).click()
    await page.keyboard.press("Shift+F10")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    filters = page.get_by_role("menuitem", name="Filter")
    for _ in range(20):
        if await filters.evaluate("(e) => e === document.activeElement"):
            break
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("menuitem", name="Not kind sell")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(line).to_have_value('(~up) & !~kind "^sell$"')
    await expect(page.locator(".frame")).to_have_count(1)
    await line.fill("")
    await expect(page.locator(".frame")).to_have_count(4)
    # From the tree of a payload.
    await page.locator(".frame").nth(2).click()
    value = page.locator("wsp-details .tree li li", has_text="n: 2")
    await value.click(button="right")
    await page.get_by_role("menuitem", name="Filter out this value").click()
    await expect(line).to_have_value("!~json $.n=2")
    await expect(page.locator(".frame")).to_have_count(2)


async def test_the_value_of_a_cell_becomes_a_filter(rig: Rig, open_page: Open) -> None:
    await _talk(rig, '{"n":1,"op":"buy"}', '{"n":2,"op":"sell"}')
    page = await open_page("&control=0&dir=up")
    await page.evaluate("localStorage.setItem('wsproxy.columns', '[\"$.op\"]')")
    await page.reload()
    await page.locator(".frame .extra", has_text="sell").click(button="right")
    await page.get_by_role("menuitem", name="Filter").click()
    await page.get_by_role("menuitem", name="Only $.op = sell").click()
    await expect(page.get_by_label("Search payloads")).to_have_value("~json $.op=sell")
    await expect(page.locator(".frame")).to_have_count(1)


async def test_colours_by_menu_and_by_key(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "one", "two", "three")
    await rig.rows(6, control="0")
    page = await open_page("&control=0")
    await expect(page.locator(".frame")).to_have_count(6)
    await _choose(page, 0, "Colour", "green")
    await expect(page.locator(".frame.noted.green")).to_have_text(re.compile("one"))
    await page.locator(".frame").nth(2).click()
    await page.locator(".frame").nth(3).click(modifiers=["Shift"])
    await page.keyboard.press("1")
    await expect(page.locator(".frame.noted.red")).to_have_count(2)
    await page.keyboard.press("c")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("4")
    await expect(page.locator(".connection.noted.blue")).to_have_count(1)
    notes = (await rig.get("/notes"))["notes"]
    assert sorted(note["note"] for note in notes) == ["#blue", "#green", "#red", "#red"]
    # Found, and taken away again.
    await page.get_by_role("tab", name="Notes").click()
    await page.get_by_label("List a colour").select_option("green")
    await expect(page.locator(".frame")).to_have_count(1)
    options = {"format": "jsonl", "filter": "~note #green"}
    async with rig.session.get(f"{rig.api}/export", params=options) as response:
        assert "#green" in await response.text()
    await page.locator(".frame").click()
    await page.keyboard.press("0")
    await expect(page.locator("wsp-frames .empty")).to_be_visible()


async def test_times_from_a_row_and_the_way_to_a_time(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "one", "two", "three")
    rows = await rig.rows(6, control="0")
    page = await open_page("&control=0")
    await _choose(page, 2, "Measure time from here")
    times = page.locator(".frame > span:nth-child(2)")
    await expect(times.nth(2)).to_have_text("+0.0000")
    await expect(times.nth(0)).to_have_text(re.compile(r"^−\d+\.\d{4}$"))
    await expect(times.nth(4)).to_have_text(re.compile(r"^\+\d+\.\d{4}$"))
    details = page.locator("wsp-details h2")
    for text, frame in (("5", 5), (await _clock(page, rows[3]["time"]), 4)):
        await page.locator("wsp-frames .viewport").focus()
        await page.keyboard.press("g")
        await page.get_by_role("textbox", name="Go to a frame or a time").fill(text)
        await page.keyboard.press("Enter")
        await expect(details).to_have_text(f"Frame {frame}")
        selected = page.locator('.frame[aria-selected="true"]')
        await expect(selected).to_have_count(1)
        await expect(selected).to_have_attribute("data-id", str(frame))


async def _clock(page: Page, time: float) -> str:
    return str(
        await page.evaluate(
            """(time) => {
              const day = new Date(time * 1000);
              day.setMilliseconds(0);
              const whole = day.toTimeString().slice(0, 8);
              return whole + (time - day.getTime() / 1000).toFixed(6).slice(1);
            }""",
            time - 1e-5,
        )
    )


async def test_rows_are_copied_as_json_lines(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "one", "two")
    page = await open_page("&control=0", permissions=["clipboard-read", "clipboard-write"])
    await page.locator(".frame").nth(0).click()
    await page.locator(".frame").nth(2).click(modifiers=["Control"])
    await _choose(page, 2, "Copy as JSON lines")
    await expect(page.locator(".toast")).to_have_text("Copied 2 rows as JSON lines")
    lines = (await page.evaluate("navigator.clipboard.readText()")).splitlines()
    frames = [each for each in map(json.loads, lines) if each["event"] == "frame"]
    assert [frame["text"] for frame in frames] == ["one", "two"]


async def test_a_message_is_edited_and_sent_again(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        await client.send("price 1")
        await client.recv()
        await rig.rows(2)
        page = await open_page()
        # Where all connections are listed, it is the one of the selected frame.
        await page.locator(".frame").first.click()
        await page.get_by_role("tab", name="Send").click()
        await expect(page.locator("wsp-send")).to_contain_text("Connection #1 /echo is open.")
        await _choose(page, 0, "Edit and send again")
        area = page.locator("wsp-send textarea")
        await expect(area).to_have_value("price 1")
        await expect(area).to_be_focused()
        await area.fill("price 2")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".frame", has_text="price 2")).to_have_count(2)
        assert await client.recv() == "price 2"


async def test_bookmarked_connections_come_first(rig: Rig, open_page: Open) -> None:
    for text in ("one", "two"):
        async with rig.client() as client:
            await client.send(text)
            await client.recv()
    page = await open_page("&connection=1")
    await page.get_by_label("Order", exact=True).select_option("marked")
    rows = page.locator(".connection:not(#connection-)")
    await expect(rows.first).to_contain_text("#2")
    await page.keyboard.press("c")
    await page.keyboard.press("b")
    await expect(rows.first).to_contain_text("#1")
    await rows.first.click(button="right")
    await page.get_by_role("menuitem", name="Remove bookmark").click()
    await expect(rows.first).to_contain_text("#2")


async def test_from_bookmark_to_bookmark(rig: Rig, open_page: Open) -> None:
    await _talk(rig, "one", "two", "three")
    page = await open_page("&control=0")
    for place in (1, 4):
        await page.locator(".frame").nth(place).click()
        await page.keyboard.press("b")
    await expect(page.locator(".frame .star")).to_have_count(2)
    for key, frame in ((".", 2), (".", 5), (",", 2), (",", 5)):
        await page.keyboard.press(key)
        await expect(page.locator("wsp-details h2")).to_have_text(f"Frame {frame}")


async def test_the_bytes_of_the_wire_are_no_json(rig: Rig, open_page: Open) -> None:
    async with rig.client(compression="deflate") as client:
        await client.send('{"a": [1, 2, 3]}')
        await client.recv()
    await rig.rows(4)
    page = await open_page("&frame=1&tab=frame")
    wire = page.locator("wsp-details section", has_text="Payload on the wire")
    await expect(wire.locator("pre.hex")).to_contain_text("00000000")
    await expect(wire.locator(".tree")).to_have_count(0)
