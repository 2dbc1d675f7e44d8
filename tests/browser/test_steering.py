"""The page as its users use it: breakpoints, sending, faults (points 5 to 7)."""

from __future__ import annotations

import asyncio
import json
import re
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


async def test_what_waits_too_long_is_dropped_and_says_what_waits_behind(
    rig: Rig, open_page: Open
) -> None:
    page = await open_page("&tool=breakpoints")
    await page.get_by_label("Filter of the breakpoint").fill("~up")
    await page.get_by_label("Seconds until it lets go").fill("2.5")
    await page.get_by_label("What becomes of it then").select_option("drop")
    await page.get_by_role("button", name="Add breakpoint").click()
    await expect(page.locator("wsp-breakpoints tbody tr")).to_contain_text("2.5 s drops it")
    async with rig.client() as client:
        await client.send("first")
        held = page.locator(".held")
        await expect(held).to_contain_text("is dropped at")
        await client.send("x" * 5000)
        await expect(held).to_contain_text("5.0 kB wait behind it")
        await expect(page.locator(".frame.dropped").first).to_contain_text("first")
        await page.get_by_role("button", name="Remove", exact=True).click()
        assert await rig.received_text() == "x" * 5000


async def test_a_rule_edits_without_stopping(rig: Rig, open_page: Open) -> None:
    page = await open_page("&tool=breakpoints")
    form = page.locator(".edit-rule")
    await form.get_by_label("What is edited").fill("$..price")
    await form.get_by_role("button", name="Add rule").click()
    await expect(page.locator(".toast")).to_contain_text("Name one place of the JSON")
    await form.get_by_label("What is edited").fill("$.order.price")
    await form.get_by_label("New value").fill("1")
    await form.get_by_label("Filter of the rule").fill("~b order")
    await form.get_by_role("button", name="Add rule").click()
    await expect(page.locator(".toast").last).to_contain_text("kept as a fault")
    async with rig.client() as client:
        await client.send('{"order": {"price": 100}}')
        assert await rig.received_text() == '{"order": {"price": 1}}'
        await expect(page.locator(".frame.changed")).to_have_count(1)
        await form.get_by_role("button", name="Show these rules").click()
        await expect(page.locator("tr[data-fault=replace]")).to_contain_text("replace")
        await expect(page.get_by_label("pointer of replace")).to_have_value("/order/price")


async def test_the_gallery_explains_and_counts(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        for number in range(3):
            await client.send(f"price {number}")
            await client.recv()
        await client.send("other")
        await client.recv()
    await rig.rows(10)
    page = await open_page("&tool=faults")
    panel = page.locator("wsp-faults")
    await expect(panel.locator(".card .fault-picture")).to_have_count(
        len((await rig.get("/faults/types"))["types"])
    )
    await panel.locator(".card[data-type=drop]").click()
    await expect(panel.locator(".about-fault")).to_contain_text("Drops whole messages.")
    await expect(panel.locator(".about-fault code")).to_have_text("match")
    await panel.get_by_label("Match").fill("~b price")
    await panel.get_by_label("every", exact=True).fill("2")
    await expect(panel.locator(".meaning-fault")).to_contain_text("only every 2nd message")
    await panel.get_by_role("button", name="What would this match now?").click()
    await expect(panel).to_contain_text("3 of 8 messages in this capture")
    await panel.get_by_label("Match").fill("~bb price")
    await expect(panel.locator(".meaning-fault.bad")).to_contain_text("~bb")
    await panel.get_by_label("Match").fill("~b price")
    await panel.get_by_role("button", name="Add fault").click()
    row = panel.locator("tr[data-fault=drop]")
    await expect(row).to_be_visible()
    async with rig.client() as client:
        for number in range(2):
            await client.send(f"price {number}")
        assert await client.recv() == "price 0"
        await expect(row.locator("td").nth(6)).to_have_text("1")


async def test_a_scenario_is_written_with_the_errors_of_the_command_line(
    rig: Rig, open_page: Open
) -> None:
    page = await open_page("&tool=faults")
    panel = page.locator("wsp-faults")
    await panel.get_by_role("button", name="Scenario").click()
    text = panel.get_by_role("textbox", name="Scenario", exact=True)
    await text.fill("faults:\n  - type: latency\n    latency: 1s\n    probabilty: 0.5\n")
    said = panel.locator(".said-scenario")
    await expect(said).to_contain_text("line 4")
    await expect(said).to_contain_text("did you mean probability?")
    await expect(panel.locator(".line-numbers .wrong")).to_have_text("4")
    apply = panel.get_by_role("button", name="Put in place of all faults")
    await expect(apply).to_be_disabled()
    await text.fill("seed: 7\nfaults:\n  - {type: latency, latency: 1s, name: slow}\n")
    await expect(said).to_contain_text("slow: delays")
    await apply.click()
    await expect(panel.locator("tr[data-fault=slow]")).to_be_visible()
    assert (await rig.get("/faults"))["seed"] == 7
    await panel.get_by_role("button", name="Scenario").click()
    await panel.get_by_role("button", name="Take the faults in force").click()
    await expect(text).to_have_value(re.compile('seed: 7\nfaults:\n  - {"name":"slow"'))
    await expect(apply).to_be_enabled()
