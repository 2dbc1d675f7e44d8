"""Mistakes in other people's tests are told in a sentence, where they were made."""

from __future__ import annotations

import pytest

from tests.integration.test_pytest_plugin import project, run

__all__ = ["project"]

pytest_plugins = ["pytester"]

LOOP = ["-p", "asyncio", "-o", "asyncio_mode=auto", "-o"]
LOOP += ["asyncio_default_fixture_loop_scope=function"]


def test_tracebacks_end_in_the_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        def test_waits(wsproxy_sync, upstream):
            wsproxy_sync(upstream).wait_for("~b never", timeout=0.05)

        def test_filter(wsproxy_sync, upstream):
            wsproxy_sync(upstream).wait_for("~dwn")

        def test_fault(wsproxy_sync, upstream):
            wsproxy_sync(upstream).faults.add("latncy")

        def test_setting(wsproxy_sync, upstream):
            wsproxy_sync(upstream, rewrite_orign=True)

        @pytest.mark.wsproxy_fault("latency", latncy="1ms")
        def test_marker(wsproxy_sync, upstream):
            wsproxy_sync(upstream)

        async def test_on_a_loop(wsproxy, upstream):
            proxy = await wsproxy(upstream)
            await proxy.wait_for("~b never", timeout=0.05)
        """
    )
    result = run(project, *LOOP)
    result.assert_outcomes(failed=6)
    text = result.stdout.str()
    for said in (
        "TimeoutError: nothing that matches '~b never' passed within 0.05 s; nothing passed at all",
        "; '~b never' means: the payload matches 'never'",
        "there is no filter word ~dwn; did you mean ~down?",
        "did you mean latency?",
        "there is no setting rewrite_orign; did you mean rewrite_origin?",
    ):
        assert said in text
    # Not a line of wsproxy's own files, nor of the standard library's.
    assert "wsproxy/" not in text.replace("wsproxy/wsproxy", "").replace(str(project.path), "")
    assert "concurrent" not in text


@pytest.mark.parametrize("marker", ["wsproxy_fualt", "wsproxyfault"])
def test_a_misspelt_marker(project: pytest.Pytester, marker: str) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.{marker}("drop")
        def test_nothing():
            pass
        """
    )
    result = run(project, "-W", "ignore")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*there is no marker {marker}; did you mean wsproxy_fault?"])


def test_a_forgotten_await(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        async def test_start(wsproxy, upstream):
            proxy = wsproxy(upstream)
            proxy.url

        async def test_wait(wsproxy, upstream):
            proxy = await wsproxy(upstream)
            proxy.wait_for("~b hello")

        async def test_start_and_nothing(wsproxy, upstream):
            wsproxy(upstream)

        async def test_right(wsproxy, upstream):
            import asyncio
            proxy = await asyncio.create_task(wsproxy(upstream))
            waiting = asyncio.create_task(proxy.wait_for("~b hello"))
            await asyncio.sleep(0)
            waiting.cancel()
        """
    )
    result = run(project, *LOOP)
    text = result.stdout.str()
    assert "AttributeError: wsproxy(...) is not awaited: write `await wsproxy(...)`" in text
    assert "proxy.wait_for('~b hello') is not awaited: write `await proxy.wait_for(" in text
    result.assert_outcomes(passed=3, failed=1, errors=3)


@pytest.mark.parametrize(
    ("plugins", "mode"),
    [
        (["-p", "anyio"], "pytestmark = pytest.mark.anyio"),
        (["-p", "xdist", "-n", "2", *LOOP], ""),
    ],
    ids=["anyio", "pytest-xdist"],
)
def test_other_plugins(project: pytest.Pytester, plugins: list[str], mode: str) -> None:
    project.makepyfile(
        f"""
        import pytest
        from websockets.asyncio.client import connect

        {mode}

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.parametrize("number", range(3))
        async def test_echo(wsproxy, upstream, number):
            proxy = await wsproxy(upstream)
            async with connect(proxy.url) as socket:
                await socket.send(f"hello {{number}}")
                assert (await proxy.wait_for("~down")).text == f"hello {{number}}"
        """
    )
    plugins = ["anyio.pytest_plugin" if each == "anyio" else each for each in plugins]
    plugins = ["xdist.plugin" if each == "xdist" else each for each in plugins]
    run(project, *plugins).assert_outcomes(passed=3)
