"""Requests with their answers, kinds, and sessions over reconnects."""

from __future__ import annotations

import contextlib
import json
import re

from playwright.async_api import expect
from websockets.exceptions import ConnectionClosed

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def _talk(rig: Rig, *messages: str) -> None:
    async with rig.client() as client:
        for message in messages:
            await client.send(message)
            await client.recv()


async def test_requests_stand_with_their_answers(rig: Rig, open_page: Open) -> None:
    await _talk(rig, *(json.dumps({"op": "ask", "id": number}) for number in (7, 8)))
    page = await open_page("&connection=1&tool=conversation")
    panel = page.locator("wsp-conversation")
    await expect(panel).to_contain_text("2 answered: median")
    await expect(panel.locator("tbody tr").first).to_contain_text("8")
    times = [trip["latency"] for trip in (await rig.get("/exchanges", connection=1))["exchanges"]]
    await panel.get_by_label("Order of the requests").select_option("slowest")
    slowest = "7" if times[0] > times[1] else "8"
    await expect(panel.locator("tbody td").first).to_have_text(re.compile(slowest))
    await panel.get_by_role("button", name="Frame 4").click()
    await expect(page.locator("wsp-details h2")).to_have_text("Frame 4")


async def test_what_lacks_an_answer_is_marked_and_kinds_have_percentiles(
    rig: Rig, open_page: Open
) -> None:
    async with rig.client() as client:
        await client.send(json.dumps({"jsonrpc": "2.0", "method": "lost", "id": 1}))
        await client.recv()  # the echo of a request is a request of the server
        for number in range(2, 5):
            await client.send(json.dumps({"jsonrpc": "2.0", "method": "sum", "id": number}))
            await client.recv()
            await client.send(json.dumps({"jsonrpc": "2.0", "result": number, "id": number}))
            await client.recv()
    page = await open_page("&connection=1&tool=conversation")
    panel = page.locator("wsp-conversation")
    await expect(panel).to_contain_text("2 without an answer")
    await panel.get_by_label("Order of the requests").select_option("unanswered")
    await expect(panel.locator("tbody tr").first).to_have_class("unanswered")
    await expect(panel.locator("tbody tr").first).to_contain_text("lost")
    fold = panel.locator(".fold").first
    await fold.press("Enter")
    await expect(fold).to_have_attribute("aria-expanded", "true")
    await expect(panel.locator(".unfolded")).to_contain_text("connection #1, asked")
    await panel.get_by_role("button", name="By kind").click()
    row = panel.locator("tbody tr", has_text="sum")
    await expect(row.locator("td").nth(1)).to_have_text("6")
    await row.get_by_role("button").click()
    await expect(panel.locator("tbody tr")).to_have_count(6)


async def test_sessions_are_lanes_with_gaps_and_close_codes(rig: Rig, open_page: Open) -> None:
    for _ in range(2):
        async with rig.client("/orders") as client:
            await client.send("bye")
            with contextlib.suppress(ConnectionClosed):
                await client.recv()
    async with rig.client("/orders"), rig.client("/other"):
        page = await open_page("&tool=conversation")
        panel = page.locator("wsp-conversation")
        await panel.get_by_role("button", name="Sessions").click()
        await expect(panel).to_contain_text("2 sessions, 1 with reconnects")
        lane = panel.locator(".lane", has_text="/orders")
        await expect(lane.locator(".lane-bar")).to_have_count(3)
        await expect(lane.locator(".lane-gap")).to_have_count(2)
        second = lane.get_by_role("button", name=re.compile("#2 4001 closed"))
        await second.press("Enter")
        await expect(page).to_have_url(re.compile("connection=2"))


async def test_what_waits_too_long_is_listed_by_itself(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        page = await open_page("&q=~unanswered 300ms %26 ~up")
        await expect(page.locator("wsp-frames .empty")).to_be_visible()
        for number in (1, 2):
            await client.send(json.dumps({"jsonrpc": "2.0", "method": "lost", "id": number}))
            await client.recv()
            await expect(page.locator(".frame")).to_have_count(number)
