"""The capture in numbers, and from a number to what it counts."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def test_the_capture_in_numbers(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        for number in (1, 2):
            await client.send(f'{{"op":"ask","id":{number}}}')
            await client.recv()
        await client.send('{"n":1,"op":"other"}')
        await client.recv()
    await rig.rows(8)
    page = await open_page("&tool=statistics")
    panel = page.locator("wsp-statistics")
    await expect(panel).to_contain_text("The whole capture")
    await expect(panel).to_contain_text("1 in 1 session, 0 reconnects")
    await expect(panel).to_contain_text("1 closed 1000 normal")
    await expect(panel.locator("dd", has_text="3 messages")).to_have_count(2)
    row = panel.locator("tbody tr", has_text="ask")
    await expect(row.locator("td").nth(2)).to_have_text("2")
    await row.get_by_role("button").click()
    await expect(page.locator(".frame")).to_have_count(2)
    async with rig.client() as client:
        await client.send('{"n":1,"op":"other"}')
        await client.recv()
    await rig.rows(12)
    await panel.get_by_role("button", name="Count again").click()
    await expect(panel).to_contain_text("2 in 1 session, 1 reconnect")
