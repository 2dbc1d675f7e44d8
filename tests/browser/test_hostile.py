"""Payloads and pages that mean no good."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect

from tests.browser.conftest import Open
from tests.support.raw import Conn
from tests.support.raw_bytes import frame, upgrade
from tests.support.rig import TOKEN, Rig

MARKUP = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    "<style>*{display:none}</style>"
)


async def test_markup_is_text_everywhere(rig: Rig, open_page: Open) -> None:
    async with rig.client("/<script>document.title='owned'</script>") as client:
        await client.send(MARKUP)
        await client.recv()
        await client.send('{"' + MARKUP.replace('"', '\\"') + '": "<b>bold</b>"}')
        await client.recv()
        await rig.rows(4)
        page = await open_page("&tool=breakpoints")
        for row in range(4):
            await page.locator(".frame").nth(row).click()
            for tab in ("Frame", "Message", "Handshake", "Payload"):
                await page.get_by_role("tab", name=tab, exact=True).click()
            for name in ("JSON", "Text", "Hex", "Decoded", "Auto"):
                await page.get_by_role("button", name=name, exact=True).click()
        await page.locator(".frame").first.click()
        await page.get_by_role("button", name="Text", exact=True).click()
        await expect(page.locator("wsp-details pre")).to_have_text(MARKUP)
        assert await page.title() == "wsproxy"
        assert await page.locator("img, body script, body style, b b").count() == 0


async def test_control_characters_and_direction_are_spelled_out(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        await client.send("pay \u202eLIVE\u202c \x1b[31mred\x00 שלום עולם")
        await client.recv()
        await client.send(b"\xff\xfe not utf-8 \x80")
        await client.recv()
        await rig.rows(4)
        page = await open_page("&format=text")
        await page.locator(".frame").first.click()
        text = page.locator("wsp-details pre")
        await expect(text).to_have_text("pay \\u202eLIVE\\u202c \\u001b[31mred\\u0000 שלום עולם")
        assert "\u202e" not in await page.locator(".frame").first.inner_text()
        await page.locator(".frame").nth(2).click()
        await expect(text).to_have_text("\\xff\\xfe not utf-8 \\x80")
        await expect(page.locator("wsp-details .note")).to_contain_text("not UTF-8")


async def test_handshakes_and_endings_steer_nothing_either(rig: Rig, open_page: Open) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    hostile = f"a\u202eb\u2066c\u2028d\u009b{family}"
    as_bytes = hostile.encode().decode("latin-1")
    port = int(rig.proxy.url.rsplit(":", 1)[1])
    client = Conn(*await asyncio.open_connection("127.0.0.1", port))
    await client.send(upgrade("/odd", f"X-Odd: {as_bytes}", f"User-Agent: {as_bytes}"))
    assert (await client.head()).status == 101
    reason = f"\x1b[2J\n{hostile}".encode()
    await client.send(frame(1, b"hello", mask=True) + frame(8, b"\x0f\xa0" + reason, mask=True))
    await client.rest()
    client.close()
    page = await open_page("&connection=1")
    await expect(page.locator("wsp-frames")).to_contain_text("4000")
    await page.locator(".frame", has_text="4000").first.click()
    await expect(page.locator("wsp-details")).to_contain_text(family)
    shown = await page.evaluate("document.body.innerText")
    steering = re.findall(".*[\u202e\u2066\u2028\u009b\x1b].*", shown)
    assert steering == []
    for details in await page.locator("details, summary").all():
        assert "\u202e" not in (await details.text_content() or "")


async def test_ten_megabytes(rig: Rig, open_page: Open) -> None:
    async with rig.client() as client:
        await client.send("[" + "1," * 5_000_000 + "1]")
        await client.recv()
        await rig.rows(2)
        page = await open_page()
        await page.locator(".frame").first.click()
        note = page.locator("wsp-details .note")
        await expect(note).to_contain_text("Only the first 1.0 MB of 10 MB were recorded")
        await page.get_by_role("button", name="Text", exact=True).click()
        await page.get_by_role("button", name="more characters").click()
        await page.get_by_role("button", name="Hex", exact=True).click()
        await expect(page.locator("wsp-details .hex")).to_contain_text("00001ff0")
        size = await page.evaluate("document.body.textContent.length")
        assert size < 2_000_000


@pytest_asyncio.fixture(loop_scope="session")
async def evil_origin(rig: Rig) -> AsyncIterator[str]:
    """A web server of somebody else's, on the same machine."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>evil</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_page_of_another_origin_reads_and_steers_nothing(
    rig: Rig, browser: Browser, evil_origin: str
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{rig.origin}/?token={TOKEN}")  # the user has the page open: there is a cookie
    await page.wait_for_selector(".live:not(.off)")
    async with rig.client() as client:
        await client.send("private")
        await client.recv()
        await rig.rows(2)
        evil = await context.new_page()
        await evil.goto(evil_origin)
        result = await evil.evaluate(ATTACK, rig.origin)
        assert result == {
            "read": "failed",
            "with token": "failed",
            "opaque": "failed",
            "post": "failed",
            "socket": "failed",
            "script": "failed",
            "frame": "blocked",
        }
        assert (await rig.get("/connections"))["connections"][0]["state"] == "open"
        with contextlib.suppress(TimeoutError):
            assert (await rig.get("/breakpoints"))["breakpoints"] == []
    await context.close()


ATTACK = """async (origin) => {
  const seen = {};
  const attempt = async (name, work) => {
    try { seen[name] = (await work()) ?? 'worked'; } catch { seen[name] = 'failed'; }
  };
  const options = { credentials: 'include' };
  await attempt('read', async () => (await fetch(`${origin}/api/v1/frames`, options)).text());
  await attempt('with token', async () => (await fetch(`${origin}/api/v1/frames`, { headers: { Authorization: 'Bearer a-token-for-tests' } })).text());
  await attempt('opaque', async () => (await fetch(`${origin}/api/v1/frames`, { mode: 'no-cors', ...options })).type);
  await attempt('post', async () => { await fetch(`${origin}/api/v1/connections/1/reset`, { method: 'POST', mode: 'no-cors', body: '{}', ...options }); });
  await attempt('socket', () => new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/v1/feed`);
    socket.onopen = () => resolve('worked');
    socket.onerror = reject;
  }));
  await attempt('script', () => new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `${origin}/static/js/api.js`;
    script.onload = () => resolve('worked');
    script.onerror = reject;
    document.body.append(script);
  }));
  const frame = document.createElement('iframe');
  frame.src = `${origin}/`;
  document.body.append(frame);
  await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 2000); });
  try { seen.frame = frame.contentWindow.document.title; } catch { seen.frame = 'blocked'; }
  return seen;
}"""
