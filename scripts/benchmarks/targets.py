"""What is measured: nginx, haproxy, wsproxy of this checkout and of another, mitmdump."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.benchmarks.machine import (
    LOAD_CORE,
    PROXY_CORE,
    children,
    free_port,
    is_listening,
    process,
    python,
    wait_for,
)
from scripts.benchmarks.streams import Shape

HERE = Path(__file__).resolve().parents[2]

_NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "Upgrade";
      proxy_read_timeout 3600s;
    }}
  }}
}}
"""

_HAPROXY = """
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
listen bench
  bind 127.0.0.1:{port}
  server echo 127.0.0.1:{upstream}
"""


@dataclass(frozen=True)
class Target:
    """Something to load: its port, and the process whose time and memory count."""

    name: str
    port: int
    pid: int


class Bench(ExitStack):
    """The load, and what stands in front of its echo server; everything ends with the block."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(self.enter_context(tempfile.TemporaryDirectory()))
        command = python("scripts.benchmarks.generator")
        self._load = self.enter_context(process(command, LOAD_CORE, stdin=subprocess.PIPE))
        self.upstream = int(self._answer())

    def tell(self, what: str, **options: object) -> Any:
        """Have the load do something; returns its answer."""
        import json

        assert self._load.stdin is not None
        self._load.stdin.write(json.dumps({"do": what, **options}) + "\n")
        self._load.stdin.flush()
        return self._answer()

    def open(self, target: Target, shape: Shape) -> None:
        """Open the connections of a shape."""
        self.tell("open", port=target.port, shape=asdict(shape))

    def nginx(self) -> Target:
        """nginx tunnelling to the echo server."""
        port = free_port()
        conf = self.folder / "nginx.conf"
        conf.write_text(_NGINX.format(folder=self.folder, port=port, upstream=self.upstream))
        command = ["-e", str(self.folder / "error.log"), "-c", str(conf)]
        master = self.enter_context(process([_program("nginx"), *command], PROXY_CORE))
        wait_for(lambda: is_listening(port))
        worker = children(master.pid)[0]
        return Target("nginx", port, worker)

    def haproxy(self) -> Target:
        """haproxy tunnelling to the echo server."""
        port = free_port()
        conf = self.folder / "haproxy.cfg"
        conf.write_text(_HAPROXY.format(port=port, upstream=self.upstream))
        command = [_program("haproxy"), "-q", "-db", "-f", str(conf)]
        child = self.enter_context(process(command, PROXY_CORE))
        wait_for(lambda: is_listening(port))
        return Target("haproxy", port, child.pid)

    def wsproxy(self, *options: str, name: str = "wsproxy", checkout: Path = HERE) -> Target:
        """wsproxy as people run it: with the page and a capture; but it prints no frames."""
        command = [
            *(str(checkout / ".venv/bin/wsproxy"), "run", f"ws://127.0.0.1:{self.upstream}"),
            *("-q", "-p", "0", "--web-port", "0"),
            *("--capture", str(self.folder / f"{name.replace(' ', '-')}.wsproxy"), *options),
        ]
        errors = self.enter_context((self.folder / f"{name}.err").open("w+b"))
        child = self.enter_context(process(command, PROXY_CORE, cwd=checkout, stderr=errors))
        assert child.stdout is not None
        ready = child.stdout.readline()
        if not ready:
            errors.seek(0)
            sys.exit(f"{' '.join(command)}\n{errors.read().decode()}")
        return Target(name, int(ready.split()[3].rsplit(":", 1)[1]), child.pid)

    def _answer(self) -> Any:
        import json

        assert self._load.stdout is not None
        line = self._load.stdout.readline()
        if not line:
            sys.exit("the load has ended; what it said stands above")
        return json.loads(line)


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        sys.exit(f"{name} is needed to compare with: apt-get install {name}")
    return found
