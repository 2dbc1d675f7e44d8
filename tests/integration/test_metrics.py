"""/metrics and /healthz on the page's port, read as Prometheus reads them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from tests.support.rig import Rig, running

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scrape(rig: Rig) -> Samples:
    async with rig.session.get(f"{rig.origin}/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(await response.text())
            for sample in family.samples
        }


async def until(rig: Rig, true: Callable[[Samples], bool]) -> Samples:
    for _ in range(200):
        samples = await scrape(rig)
        if true(samples):
            return samples
        await asyncio.sleep(0.02)
    raise AssertionError(samples)


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, tuple(sorted(labels.items()))))


async def test_what_passed_is_counted() -> None:
    async with running() as rig:
        await scrape(rig)  # from now on answers are timed
        await rig.call("POST", "/faults", {"type": "latency", "attributes": {"latency": "1ms"}})
        async with rig.client() as client:
            await client.send('{"op":"x","id":7}')
            await client.recv()
            samples = await until(
                rig, lambda s: value(s, "wsproxy_messages_total", direction="downstream") == 1
            )
            assert value(samples, "wsproxy_connections_open") == 1
        await client.wait_closed()
        closed = {"end": "closed", "code": "1000"}
        samples = await until(rig, lambda s: value(s, "wsproxy_connections_total", **closed) == 1)
        assert value(samples, "wsproxy_frames_total", direction="upstream") == 2
        assert value(samples, "wsproxy_messages_total", direction="upstream") == 1
        assert value(samples, "wsproxy_recorded_bytes_total", direction="upstream") == 23 + 10 - 2
        assert value(samples, "wsproxy_faults_total", type="latency") == 2
        assert value(samples, "wsproxy_loop_lag_seconds") is not None
        assert value(samples, "wsproxy_capture_backlog_bytes") is not None
        answered = await until(
            rig, lambda s: any(name == "wsproxy_answer_seconds_count" for name, _ in s)
        )
        counts = [n for (name, _), n in answered.items() if name == "wsproxy_answer_seconds_count"]
        assert counts == [1]


async def test_what_the_capture_lacks_is_told(tmp_path: Path) -> None:
    async with running(capture=tmp_path / "small.wsproxy", capture_limit=100_000) as rig:
        async with rig.client() as client:
            for _ in range(60):
                await client.send("x" * 10_000)
                await client.recv()
        why = {"why": "capture limit"}
        samples = await until(rig, lambda s: bool(value(s, "wsproxy_left_out_frames", **why)))
        assert (value(samples, "wsproxy_left_out_bytes", **why) or 0) > 10_000


async def test_public_metrics_time_answers_from_the_start() -> None:
    async with running(metrics_public=True) as rig:
        async with rig.client() as client:
            await client.send('{"op":"x","id":7}')
            await client.recv()
        await until(rig, lambda s: any(name == "wsproxy_answer_seconds_count" for name, _ in s))


async def test_who_may_read_them() -> None:
    async with running() as rig, aiohttp.ClientSession() as nobody:
        async with nobody.get(f"{rig.origin}/metrics") as response:
            assert response.status == 401
        named = {"Host": "wsproxy.staging.svc:8081"}
        async with nobody.get(f"{rig.origin}/healthz", headers=named) as response:
            assert (response.status, await response.json()) == (200, {"status": "ok"})
    async with running(metrics_public=True) as rig, aiohttp.ClientSession() as nobody:
        async with nobody.get(f"{rig.origin}/metrics", headers=named) as response:
            assert response.status == 200
        async with nobody.get(f"{rig.origin}/api/v1/frames") as response:
            assert response.status == 401


async def test_two_share_a_port() -> None:
    async with running(reuse_port=True) as one:
        port = one.proxy.port
        async with running(reuse_port=True, listen_port=port) as two:
            assert two.proxy.port == port
            met: set[int] = set()
            for _ in range(200):
                async with connect(f"ws://127.0.0.1:{port}/echo"):
                    met |= {number for number, rig in enumerate((one, two)) if rig.proxy.live()}
                if len(met) == 2:
                    break
            assert met == {0, 1}


async def test_the_dashboard_asks_for_what_there_is() -> None:
    text = (Path(__file__).parents[2] / "docs" / "grafana.json").read_text()
    expressions = [
        target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]
    ]
    asked = {name for one in expressions for name in re.findall(r"wsproxy_\w+", one)}
    docs = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text()
    async with running() as rig, rig.session.get(f"{rig.origin}/metrics") as response:
        there = re.findall(r"^# TYPE (\w+)", await response.text(), re.MULTILINE)
    fleet = set(re.findall(r"`(wsproxy_fleet_\w+)", docs))
    assert {name.removesuffix("_bucket") for name in asked} <= {*there, *fleet}
    documented = set(re.findall(r"`(wsproxy_\w+)", docs))
    assert {name for name in there if not name.endswith("_created")} <= documented
