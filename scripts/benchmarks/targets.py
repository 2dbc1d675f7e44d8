"""What is measured: nginx, haproxy, wsproxy of this checkout and of another, mitmdump."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import trustme

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
    listen 127.0.0.1:{port} {listen};
    ssl_certificate {pem}; ssl_certificate_key {pem};
    location / {{
      proxy_pass {scheme}://127.0.0.1:{upstream};
      proxy_ssl_verify off;
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
  bind 127.0.0.1:{port} {bind}
  server echo 127.0.0.1:{upstream} {server}
"""

TOKEN = "bench"  # noqa: S105 - of a page that lives for a benchmark


@dataclass(frozen=True)
class Target:
    """Something to load: its port, and the process whose time and memory count."""

    name: str
    port: int
    pid: int
    api: str = ""
    """URL of wsproxy's API; it wants TOKEN."""


class Bench(ExitStack):
    """The load, and what stands in front of its echo server; everything ends with the block."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(self.enter_context(tempfile.TemporaryDirectory()))
        self.pem = self.folder / "cert.pem"
        issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
        parts = (*issued.cert_chain_pems, issued.private_key_pem)
        self.pem.write_bytes(b"".join(part.bytes() for part in parts))
        command = python("scripts.benchmarks.generator", str(self.pem))
        self._load = self.enter_context(process(command, LOAD_CORE, stdin=subprocess.PIPE))
        self.upstream, self._upstream_tls = self._answer()

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

    def nginx(self, tls: str = "") -> Target:
        """nginx tunnelling to the echo server."""
        port = free_port()
        conf = self.folder / "nginx.conf"
        conf.write_text(
            _NGINX.format(
                folder=self.folder,
                port=port,
                pem=self.pem,
                listen="ssl" if tls else "",
                scheme="https" if tls == "both" else "http",
                upstream=self._upstream_of(tls),
            )
        )
        command = ["-e", str(self.folder / "error.log"), "-c", str(conf)]
        master = self.enter_context(process([_program("nginx"), *command], PROXY_CORE))
        wait_for(lambda: is_listening(port))
        worker = children(master.pid)[0]
        return Target("nginx", port, worker)

    def haproxy(self, tls: str = "") -> Target:
        """haproxy tunnelling to the echo server."""
        port = free_port()
        conf = self.folder / "haproxy.cfg"
        conf.write_text(
            _HAPROXY.format(
                port=port,
                upstream=self._upstream_of(tls),
                bind=f"ssl crt {self.pem}" if tls else "",
                server="ssl verify none" if tls == "both" else "",
            )
        )
        command = [_program("haproxy"), "-q", "-db", "-f", str(conf)]
        child = self.enter_context(process(command, PROXY_CORE))
        wait_for(lambda: is_listening(port))
        return Target("haproxy", port, child.pid)

    def mitmdump(self, script: Path) -> Target:
        """mitmdump with an addon that prints a line when it runs."""
        port = free_port()
        child = self.enter_context(
            process(
                [
                    *(str(HERE / ".venv/bin/mitmdump"), "-q", "-s", str(script)),
                    *("--mode", f"reverse:http://127.0.0.1:{self.upstream}"),
                    *("--listen-host", "127.0.0.1", "-p", str(port)),
                ],
                PROXY_CORE,
            )
        )
        wait_for(lambda: is_listening(port), 30)
        return Target("mitmdump", port, child.pid)

    def wsproxy(
        self, *options: str, name: str = "wsproxy", checkout: Path = HERE, tls: str = ""
    ) -> Target:
        """wsproxy as people run it: with the page and a capture; but it prints no frames."""
        scheme = "wss" if tls == "both" else "ws"
        secured = ("--certs", str(self.pem)) if tls else ()
        command = [
            *(str(checkout / ".venv/bin/python"), "-m", "wsproxy", "run", "-k"),
            *(f"{scheme}://127.0.0.1:{self._upstream_of(tls)}", "-q", "-p", "0", *secured),
            *(() if "--no-web" in options else ("--web-port", "0", "--web-token", TOKEN)),
            *("--capture", str(self.folder / f"{name.replace(' ', '-')}.wsproxy"), *options),
        ]
        errors = self.enter_context((self.folder / f"{name}.err").open("w+b"))
        child = self.enter_context(process(command, PROXY_CORE, cwd=checkout, stderr=errors))
        assert child.stdout is not None
        ready = ""
        while "listens on" not in ready:  # an addon may print something before
            ready = child.stdout.readline()
            if not ready:
                errors.seek(0)
                sys.exit(f"{' '.join(command)}\n{errors.read().decode()}")
        api = ""
        if "--no-web" not in options:
            said = Path(errors.name)
            (page,) = wait_for(lambda: re.findall(r"page: (\S+/)\?", said.read_text()))
            api = f"{page}api/v1"
        port = int(ready.split()[3].rsplit(":", 1)[1])
        return Target(name, port, child.pid, api)

    def _upstream_of(self, tls: str) -> int:
        return int(self._upstream_tls if tls == "both" else self.upstream)

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
