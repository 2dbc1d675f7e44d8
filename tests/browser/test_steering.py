"""The page as its users use it: breakpoints, sending, faults (points 5 to 7)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import expect
from websockets.exceptions import ConnectionClosed

from tests.browser.conftest import Open
from tests.support.rig import Rig


async def test_a_message_is_stopped_edited_and_forwarded(rig: Rig, open_page: Open) -> None:
    page = await open_page("&tool=breakpoints")
    await page.get_by_label("Filter of the breakpoint").fill("~up & ~b order")
    await page.get_by_role("button", name="Add breakpoint").click()
    await expect(page.locator("wsp-breakpoints tbody tr")).to_have_count(1)
    async with rig.client() as client:
        await client.send('{"order": 1, "price": 100}')
        held = page.locator(".held")
        await expect(held).to_have_count(1)
        await expect(page.locator(".tabs .badge")).to_have_text("1")
        await held.get_by_label("Content to forward").fill('{"order": 1, "price": 1}')
        await held.get_by_role("button", name="Forward").click()
        assert await rig.received_text() == '{"order": 1, "price": 1}'
        await expect(held).to_have_count(0)
        marked = page.locator(".frame", has_text="changed")
        await expect(marked).to_have_count(1)
        await marked.click()
        await expect(page.locator("wsp-details del")).to_have_text("100")
        await expect(page.locator("wsp-details ins")).to_have_text("1")
        await client.send("order 2")
        await expect(held).to_have_count(1)
        await held.get_by_role("button", name="Drop").click()
        await expect(page.locator(".frame.dropped")).to_have_count(1)
        await client.send("order 3")
        await expect(held).to_have_count(1)
        await held.get_by_label("Format").select_option("hex")
        await expect(held.get_by_label("Content to forward")).to_have_value("6f 72 64 65 72 20 33")
        await held.get_by_label("Content to forward").fill("6f 6b")
        await held.get_by_role("button", name="Forward").click()
        assert await rig.received_text() == "ok"
        await client.send("order of " + "many " * 10_000)
        await expect(held).to_have_count(1)
        await held.get_by_role("button", name="Load all of it").click()
        await expect(held.get_by_label("Content to forward")).to_be_enabled()
        await held.get_by_label("Content to forward").press("Control+End")
        await held.get_by_label("Content to forward").press_sequentially("and one")
        await held.get_by_role("button", name="Forward").click()
        assert str(await rig.received_text()).endswith("many and one")
        await client.send("order 4")
        await expect(held).to_have_count(1)
        await page.get_by_role("button", name="Forward all").first.click()
        assert await rig.received_text() == "order 4"
        await page.get_by_role("button", name="Remove", exact=True).click()
        await client.send("order 5")
        assert await rig.received_text() == "order 5"


async def test_sending_resending_and_closing(rig: Rig, open_page: Open) -> None:
    page = await open_page("&connection=1&tool=send")
    async with rig.client() as client:
        await expect(page.locator("wsp-send")).to_contain_text("is open")
        await page.get_by_label("Message", exact=True).fill("from the page")
        await page.get_by_role("button", name="Send", exact=True).click()
        assert await rig.received_text() == "from the page"
        assert await client.recv() == "from the page"
        await page.get_by_label("To which side").select_option("downstream")
        await page.get_by_label("Opcode", exact=True).last.select_option("binary")
        await page.get_by_label("Format", exact=True).select_option("hex")
        await page.get_by_label("Message", exact=True).fill("de ad be ef")
        await page.get_by_role("button", name="Send", exact=True).click()
        assert await client.recv() == b"\xde\xad\xbe\xef"
        await page.locator(".frame", has_text="from the page").first.click()
        await page.get_by_role("button", name="Resend selected frame").click()
        assert await rig.received_text() == "from the page"
        assert await client.recv() == "from the page"
        await page.get_by_label("Close code").fill("4123")
        await page.get_by_label("Close reason").fill("by hand")
        await page.get_by_role("button", name="Close", exact=True).click()
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4123, "by hand")
        await expect(page.locator("wsp-send")).to_contain_text("is closed 4123")


async def test_cutting_off(rig: Rig, open_page: Open) -> None:
    page = await open_page("&connection=1&tool=send")
    async with rig.client() as client:
        await page.get_by_role("button", name="Cut off").click()
        await page.get_by_role("button", name="Cut it off").click()
        with pytest.raises(ConnectionClosed) as cut:
            await client.recv()
        assert cut.value.rcvd is None
        await expect(page.locator(".connection .state.aborted")).to_have_count(1)


async def test_a_fault_is_switched_on_felt_and_off(
    rig: Rig, open_page: Open, tmp_path: Path
) -> None:
    page = await open_page("&tool=faults")
    async with rig.client() as client:
        await page.get_by_label("Type of fault").select_option("drop")
        await page.get_by_role("button", name="Add fault").click()
        question = page.get_by_role("dialog")
        await expect(question).to_contain_text("Every message downstream will be dropped")
        await question.get_by_role("button", name="Drop them all").click()
        row = page.locator("tr[data-fault=drop]")
        await expect(row).to_be_visible()
        await client.send("never answered")
        await rig.received_text()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 0.3)
        await expect(row.locator("td").nth(6)).to_have_text("1")
        await expect(page.locator(".frame.dropped")).to_have_count(1)
        await row.get_by_role("checkbox").uncheck()
        await expect(page.locator("tr[data-fault=drop] input[type=checkbox]")).not_to_be_checked()
        await asyncio.sleep(0.1)
        await client.send("answered")
        assert await client.recv() == "answered"
        scenario = tmp_path / "scenario.yaml"
        scenario.write_text(json.dumps({"faults": [{"type": "drop", "name": "loaded"}]}))
        await page.get_by_label("Scenario file").set_input_files(scenario)
        await expect(page.locator("tr[data-fault=loaded]")).to_be_visible()
        await page.get_by_role("button", name="Remove all").click()
        await page.get_by_role("button", name="Remove all faults").click()
        await expect(page.locator("tr[data-fault]")).to_have_count(0)
