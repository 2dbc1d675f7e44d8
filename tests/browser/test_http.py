"""Plain HTTP beside the sockets, and payloads as the server decodes them."""

from __future__ import annotations

import asyncio
import shlex

import aiohttp
import pytest
from playwright.async_api import expect
from websockets.exceptions import InvalidStatus

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def test_requests_are_listed_and_unfold(rig: Rig, open_page: Open) -> None:
    page = await open_page("&tool=http")
    panel = page.locator("wsp-http")
    await expect(panel).to_contain_text("No plain HTTP so far.")
    with pytest.raises(InvalidStatus):
        async with rig.client("/secret", user_agent_header="<b>one</b>"):
            pass
    await expect(panel).to_contain_text("1 request")
    await expect(panel.locator("tbody tr").first).to_contain_text("/secret")
    await panel.get_by_role("button", name="Request 1").click()
    await expect(panel).to_contain_text("403 Forbidden")
    await expect(panel).to_contain_text("<b>one</b>")
    await expect(panel.locator("pre").last).to_have_text("not you\n")


async def test_those_of_the_selected_connections_client(rig: Rig, open_page: Open) -> None:
    url = rig.proxy.url.replace("ws", "http", 1)
    async with aiohttp.ClientSession(headers={"User-Agent": "one"}) as session:
        for path in ("/a", "/b"):
            async with session.get(url + path) as response:
                await response.read()
    async with rig.client(user_agent_header="one"), rig.client(user_agent_header="two"):
        page = await open_page("&connection=1&tool=http")
        panel = page.locator("wsp-http")
        await expect(panel).to_contain_text("2 requests of the client of connection #1")
        await page.goto(f"{rig.origin}/?connection=2&tool=http")
        await expect(panel).to_contain_text("No plain HTTP of the client of connection #2 so far.")


async def test_what_waits_for_an_answer_is_listed(rig: Rig, open_page: Open) -> None:
    page = await open_page("&tool=http")
    panel = page.locator("wsp-http")
    await expect(panel).to_contain_text("No plain HTTP so far.")
    url = rig.proxy.url.replace("ws", "http", 1)
    async with aiohttp.ClientSession(headers={"User-Agent": "one"}) as session:
        asked = asyncio.create_task(session.get(f"{url}/slow"))
        row = panel.locator("tbody tr")
        await expect(row).to_contain_text("/slow")
        await expect(panel).to_contain_text("1 request, 1 without an answer yet")
        async with rig.client(user_agent_header="two"), rig.client(user_agent_header="one"):
            await expect(page.locator(".connection:not(#connection-)")).to_have_count(2)
            assert (await rig.get("/http/waiting", connection=1))["waiting"] == 0
            assert (await rig.get("/http/waiting", connection=2))["waiting"] == 1
        rig.slow.set()
        await expect(panel.get_by_role("button", name="Request 1")).to_be_visible()
        await expect(panel).not_to_contain_text("without an answer yet")
        await expect(row).to_have_count(1)
        async with await asked as response:
            assert await response.text() == "at last\n"


async def test_requests_are_found_and_copied(rig: Rig, open_page: Open) -> None:
    url = rig.proxy.url.replace("ws", "http", 1)
    async with aiohttp.ClientSession() as session:
        for path in ("/one", "/secret"):
            async with session.post(f"{url}{path}", data="it's me") as response:
                await response.read()
    page = await open_page("&tool=http", permissions=["clipboard-read", "clipboard-write"])
    panel = page.locator("wsp-http")
    await expect(panel.locator("tbody tr")).to_have_count(2)
    await panel.get_by_label("Find a request").fill("post secret")
    await expect(panel.locator("tbody tr")).to_have_count(1)
    await expect(panel).to_contain_text("1 of 2 requests")
    await panel.get_by_role("button", name="Request 2").click()
    await panel.get_by_role("button", name="Copy as cURL").click()
    await expect(page.locator(".toast")).to_have_text("Copied the request as cURL")
    command = shlex.split(await page.evaluate("navigator.clipboard.readText()"))
    assert command[:4] == ["curl", "-i", "-X", "POST"]
    assert command[-3:] == ["--data-binary", "it's me", f"{url}/secret"]


async def test_decoded_shows_what_the_servers_decoders_say(rig: Rig, open_page: Open) -> None:
    async with rig.client("/socket.io/?EIO=4&transport=websocket") as client:
        await client.send('42/adm,7["hello",{"n":1}]')
        await client.recv()
    page = await open_page("&connection=1&frame=1")
    details = page.locator("wsp-details")
    await details.get_by_role("button", name="Decoded").click()
    await expect(details).to_contain_text("EVENT hello /adm ack=7 {n:1}")
    await expect(details.locator(".tree")).to_contain_text("namespace")
