"""What people mistype, and the one line that names it, from the real command."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidStatus

from tests.support.command import piped, run

OPTIONS = """
def load(loader):
    loader.add_option("every", int, 1, "A number.")
    loader.add_option("greet", str, "hello", "A word.")
    loader.add_option("loud", bool, False, "A switch.")
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "every=abc"], "the option every takes a whole number, not 'abc'"),
        (["--set", "loud=perhaps"], "the option loud takes true or false, not 'perhaps'"),
        (["--set", "gret=hi"], "unknown option gret; did you mean greet? (--set)"),
        (["-w", "no/such/folder/x.mitm"], "(-w): there is no folder no/such/folder"),
        (["--upstream-ca", "no.pem"], "cannot read the certificates no.pem: no such file"),
    ],
)
def test_what_an_option_takes(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "options.py").write_text(OPTIONS)
    done = run(
        "run", "ws://127.0.0.1:9", "-p", "0", "--no-web", "-s", "options.py", *arguments,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if "Loading script" not in line]
    assert len(told) == 1
    assert said in told[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ws://local host:8"], "there is a space or control character in it"),
        (["ws://x", "--fault", "drop:probability=x"], "'x' is not a number"),
        (["ws://x", "--fault", "latency:latency=200"], "200 lacks its unit"),
        (["ws://x", "--fault", "bandwidth:rate=64"], "64 lacks its unit"),
    ],
)
def test_what_cannot_be(arguments: list[str], said: str) -> None:
    done = run("run", *arguments, "-p", "0", "--no-web")
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["faults", "explain", "/dev/zero"],
        ["run", "ws://x", "--faults", "/dev/zero"],
        ["run", "ws://x", "--config", "/dev/zero"],
        ["diff", "--ignore-file", "/dev/zero", "a", "b"],
        ["show", "/dev/zero"],
    ],
    ids=" ".join,
)
def test_a_file_without_end_ends_with_an_error(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("wsproxy: cannot read")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_names_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("run", "ws://x", "-p", taken.getsockname()[1], "--no-web")
    assert done.returncode == 1
    assert "address already in use; -p 0 takes a free port" in done.stderr


async def _refused(url: str) -> str:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url):
            pass
    assert refused.value.response.status_code == 502
    return (refused.value.response.body or b"").decode()


async def _echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_tls_where_there_is_none_and_the_other_way_round(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    async with (
        serve(_echo, "127.0.0.1", 0) as plain,
        serve(_echo, "127.0.0.1", 0, ssl=context) as tls,
    ):
        plain_port, tls_port = (next(iter(s.sockets)).getsockname()[1] for s in (plain, tls))
        for url, said in (
            (
                f"wss://127.0.0.1:{plain_port}",
                f"does not speak TLS, write ws://127.0.0.1:{plain_port}",
            ),
            (f"ws://127.0.0.1:{tls_port}", f"if it speaks TLS, write wss://127.0.0.1:{tls_port}"),
            (f"wss://127.0.0.1:{tls_port}", "--upstream-ca PEM trusts an authority of your own"),
        ):
            with piped("run", url, "-p", "0", "--no-web") as proxy:
                assert said in await _refused(await asyncio.to_thread(proxy.ready))
        arguments = ["run", f"wss://127.0.0.1:{tls_port}", "--upstream-ca", ca, "-p", 0, "--no-web"]
        with piped(*arguments) as proxy:
            async with connect(await asyncio.to_thread(proxy.ready)) as client:
                await client.send("trusted")
                assert await asyncio.wait_for(client.recv(), 10) == "trusted"


def _post(url: str, body: bytes, content_type: str) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    request.add_header("Authorization", "Bearer t")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_api_names_the_content_type_and_takes_a_scenario_as_it_is() -> None:
    with piped("run", "ws://x", "-p", "0", "--web-port", "0", "--web-token", "t") as proxy:
        proxy.ready()
        api = proxy.err.expect(r"page: (http://[^/]+/)")[1] + "api/v1"
        status, answer = _post(f"{api}/faults", b'{"type": "drop"}', "text/plain")
        assert status == 400
        assert "Content-Type: application/json" in str(answer)
        scenario = b"faults:\n  - {type: drop, probability: 5%}\n"
        status, answer = _post(f"{api}/faults/scenario", scenario, "application/yaml")
        assert status == 200
        faults = answer["faults"]
        assert isinstance(faults, list)
        assert faults[0]["probability"] == 0.05
        status, answer = _post(f"{api}/faults/scenario", b"faults: 1", "application/yaml")
        assert status == 400
        assert "line 1: faults: this is not a list" in str(answer)
