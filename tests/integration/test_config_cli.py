"""Options from a file, from variables and from the command line, by the real command."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.support.command import piped, run


def test_the_command_line_goes_before_variables_and_these_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "wsproxy.toml").write_text(
        'upstream = "ws://127.0.0.1:9"\nlisten-port = 1\nmax_payload = "64KiB"\nno-web = true\n'
        'fault = "drop:nth=1"\n'
    )
    env = {"WSPROXY_LISTEN_PORT": "2", "WSPROXY_SEED": "7", "WSPROXY_WEB_TOKEN": "open-sesame"}
    done = run("config", "--config", ".", "--seed", "8", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "listen-port = 2  # WSPROXY_LISTEN_PORT" in done.stdout
    assert "seed = 8  # the command line" in done.stdout
    assert "max-payload = 65536  # wsproxy.toml" in done.stdout
    assert 'listen-host = "127.0.0.1"  # default' in done.stdout
    assert "open-sesame" not in done.stdout
    assert tomllib.loads(done.stdout)["fault"] == ["drop:nth=1"]


def test_the_file_is_taken_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.wsproxy]\nupstream = "ws://127.0.0.1:9"\nlisten-port = 0\nno-web = true\n'
    )
    assert run("run", cwd=tmp_path).returncode == 2
    with piped("run", "--config", ".", cwd=tmp_path) as proxy:
        assert proxy.ready()
        assert proxy.finish() == 0


def test_several_values_of_a_variable_stand_on_a_line_each() -> None:
    env = {
        "WSPROXY_FAULT": "drop:match=a b\nlatency:latency=1s",
        "WSPROXY_UPSTREAM": "ws://127.0.0.1:9",
    }
    with piped("run", "-p", "0", "--no-web", env=env) as proxy:
        proxy.ready()
        proxy.err.expect("fault drop: ")
        proxy.err.expect("fault latency: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nlisten-prot = 1", "wsproxy.toml, line 2: there is no option listen-prot; did you mean"),
        ("seed = \nx = 1", "wsproxy.toml is not TOML: Invalid value (at"),
        ('listen-port = "x"', "'x' is not a valid integer"),
    ],
)
def test_what_is_wrong_in_a_file(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "wsproxy.toml").write_text(text)
    done = run("run", "ws://x", "--config", "wsproxy.toml", cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert said in done.stderr


def test_an_upstream_alone_is_told_the_command() -> None:
    done = run("ws://localhost:8000", "-p", "0")
    assert done.returncode == 2
    assert "write: wsproxy run ws://localhost:8000 -p 0" in done.stderr
