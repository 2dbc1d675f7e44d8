"""Faults on the command line: documented, explained, in force, and told of."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from websockets.asyncio.server import ServerConnection, serve

from tests.support.faulty import PATIENCE
from wsproxy.cli import cli
from wsproxy.errors import FaultError
from wsproxy.faults.attributes import attributes_of
from wsproxy.faults.registry import FAULT_TYPES

SCENARIO = """\
name: bad day
seed: 7
faults:
  - {type: drop, nth: 2, name: second}
"""


def test_list_documents_every_fault_with_an_example() -> None:
    result = CliRunner().invoke(cli, ["faults", "list"])
    assert result.exit_code == 0
    for fault in FAULT_TYPES.values():
        assert f"{fault.type}: {fault.documentation()[0]}" in result.output
        assert f"--fault '{fault.example}'" in result.output
        assert all(f"    {item.name}: " in result.output for item in attributes_of(fault))
    assert "probability: " in result.output


def test_list_of_some() -> None:
    result = CliRunner().invoke(cli, ["faults", "list", "drop"])
    assert "drop: " in result.output
    assert "latency: " not in result.output
    result = CliRunner().invoke(cli, ["faults", "list", "dorp"])
    assert result.exit_code == 2
    assert "did you mean drop?" in result.output


def test_explain(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO)
    result = CliRunner().invoke(cli, ["faults", "explain", str(path)])
    assert result.output.splitlines() == [
        "bad day",
        "1 fault, seed 7",
        "- second: drops messages, from the server to the client, only message 2",
    ]
    path.write_text(SCENARIO.replace("drop", "dorp"))
    result = CliRunner().invoke(cli, ["faults", "explain", str(path)])
    assert isinstance(result.exception, FaultError)
    assert "line 4: there is no fault 'dorp'; did you mean drop?" in str(result.exception)


@pytest.mark.parametrize("log_format", ["pretty", "jsonl"])
async def test_run_says_what_is_in_force_and_logs_what_it_does(
    tmp_path: Path, log_format: str
) -> None:
    from websockets.asyncio.client import connect

    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO)
    async with asyncio.timeout(PATIENCE), serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        command = ["-m", "wsproxy", "run", f"ws://127.0.0.1:{port}", "-p", "0", "--no-web"]
        command += ["--faults", str(scenario), "--fault", "replace:pattern=b,replacement=B"]
        command += ["--capture", str(tmp_path / "c.wsproxy"), "--log-format", log_format]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stderr if log_format == "jsonl" else process.stdout
        ready = (await first.readline()).decode()
        url = next(word for word in ready.split() if word.startswith("ws://"))
        said = [(await process.stderr.readline()).decode().strip() for _ in range(3)]
        assert said == [
            "fault second: drops messages, from the server to the client, only message 2",
            "fault replace: replaces what matches 'b' by 'B', from the server to the client",
            "seed: 7",
        ]
        async with connect(url) as socket:
            for text in ("a", "gone", "b"):
                await socket.send(text)
            assert [await socket.recv(), await socket.recv()] == ["a", "B"]
        process.send_signal(signal.SIGINT)
        output = (await process.communicate())[0].decode()
        assert process.returncode == 0
    if log_format == "jsonl":
        objects = [json.loads(line) for line in output.splitlines()]
        faults = [event for event in objects if event["event"] == "fault"]
        assert [(event["name"], event["message"]) for event in faults] == [
            ("second", 2),
            ("replace", 3),
        ]
    else:
        assert "<- FAULT second (drop) message 2 dropped gone => nothing" in output
        assert "<- FAULT replace message 3 content replaced b => B" in output
    result = CliRunner().invoke(cli, ["show", str(tmp_path / "c.wsproxy"), "--connection", "1"])
    lines = result.output.splitlines()
    (told,) = (number for number, line in enumerate(lines) if "FAULT second" in line)
    assert any("gone" in line for line in lines[:told])  # after the frame that it struck


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fault", "latncy:latency=1s"], "did you mean latency?"),
        (["--fault", "latency:latency=-1s"], "-1s is a negative time"),
        (["--fault", "drop:name=a", "--fault", "reset:name=a"], "there are two faults 'a'"),
        (["--faults", "missing.yaml"], "cannot read the scenario missing.yaml"),
    ],
)
async def test_run_with_a_wrong_fault(options: list[str], message: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wsproxy", "run", "ws://127.0.0.1:1", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 1
    assert output == b""
    assert message in errors.decode()
    assert len(errors.decode().splitlines()) == 1
