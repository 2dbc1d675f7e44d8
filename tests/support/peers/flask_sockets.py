"""Flask-Sockets as a server: its environment, made once, and the process that runs in it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.support.conversation import Heard
from tests.support.peers.base import PATIENCE, Server

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = ROOT / ".venv-flask-sockets"

REQUIREMENTS = """\
Flask-Sockets==0.2.1
flask>=1.1,<2
werkzeug>=0.16,<0.17
gevent
gevent-websocket==0.10.1
jinja2<3
itsdangerous<2.1
markupsafe<2.1
"""
"""The last releases that Flask-Sockets, which is no longer kept up, works with."""

_MADE = ENVIRONMENT / "requirements.txt"
"""Written when everything is installed."""


class NoPackageIndexError(Exception):
    """The environment cannot be made: there is nowhere to get packages from."""


def environment() -> Path:
    """The Python of the environment, which is made if there is none or it is another one's.

    Raises NoPackageIndexError, and CalledProcessError where the installation fails otherwise.
    """
    python = ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made = f"# Python {sys.version}\n{REQUIREMENTS}"
    if _MADE.is_file() and _MADE.read_text() == made:
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
    _install(python)
    _MADE.write_text(made)
    return python


def _install(python: Path) -> None:
    patience = ("--retries", "1", "--timeout", "20")
    command = [str(python), "-m", "pip", "install", *patience, *REQUIREMENTS.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        if "from versions: none" in done.stderr:  # said where no index answers, too
            raise NoPackageIndexError(done.stderr.strip().splitlines()[-1])
        sys.stderr.write(done.stderr)
        done.check_returncode()


class FlaskSocketsServer(Server):
    name = "flask-sockets"

    def __init__(self, python: Path) -> None:
        super().__init__()
        self._python = python

    async def start(self) -> None:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *(self._python, "-m", "tests.support.peers.flask_sockets_app"),
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
        )
        port = await asyncio.wait_for(self._line(), PATIENCE)
        self.url = f"ws://127.0.0.1:{int(port)}"

    async def stop(self) -> None:
        await asyncio.wait_for(self._process.communicate(b""), PATIENCE)

    async def heard(self) -> Heard:
        return Heard.from_json(await asyncio.wait_for(self._line(), PATIENCE))

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the Flask-Sockets server has ended"
        return line
