"""The main ways through the page in Firefox (tests/page/firefox.mjs drives it)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support.rig import TOKEN, Rig

ROOT = Path(__file__).parents[2]
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
DRIVER = ROOT / "node_modules" / "puppeteer-core"
SECONDS = 90.0

missing = (
    "there is no Firefox"
    if FIREFOX is None
    else "scripts/setup-page installs what drives it"
    if not DRIVER.exists()
    else ""
)


@pytest.mark.skipif(bool(missing) and not os.environ.get("CI"), reason=missing)
async def test_the_main_ways_in_firefox(rig: Rig) -> None:
    async with rig.client() as client:
        for text in ("apple 1", "apple 2", "pear"):
            await client.send(json.dumps({"say": text}))
            await client.recv()
            await rig.received_text()
        await rig.rows(6)
        driver = await asyncio.create_subprocess_exec(
            *("node", "tests/page/firefox.mjs", str(FIREFOX), f"{rig.origin}/?token={TOKEN}"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert driver.stdout is not None
        said = []
        try:
            async with asyncio.timeout(SECONDS):
                async for line in driver.stdout:
                    said.append(line.decode().strip())
                    if said[-1] == "breakpoint":
                        await client.send("order")
                await driver.wait()
        finally:
            if driver.returncode is None:
                driver.kill()
                await driver.wait()
        assert driver.returncode == 0, said
        assert await rig.received_text() == "order edited"
