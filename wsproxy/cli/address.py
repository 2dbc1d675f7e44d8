"""Where running proxies are steered: a file for each, which only its user may read."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from wsproxy.errors import WsproxyError

MAX_FILE = 64 * 1024
"""Bytes of a file that is read."""


class Address(NamedTuple):
    """How to reach a proxy's API."""

    url: str
    """`http://127.0.0.1:8081`."""
    token: str
    proxy: str
    """Where its clients connect, for people who choose."""


def folder() -> Path:
    """Where the files are: in $XDG_RUNTIME_DIR, or in the folder for temporary files."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "wsproxy"
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"wsproxy-run-{user}"


@contextmanager
def published(address: Address | None) -> Iterator[None]:
    """Keep an address for others of this user to find; where that cannot be, do without."""
    path = None
    if address is not None:
        with contextlib.suppress(OSError):
            path = _write(address)
    try:
        yield
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def find(proxy: str | None = None) -> Address:
    """The address of the one proxy that runs; with several, `proxy` (a port, or part of its URL)
    chooses.

    Raises WsproxyError that says what to do.
    """
    found = running()
    if proxy is not None:
        found = [each for each in found if each.proxy.endswith(f":{proxy}") or proxy in each.url]
    if len(found) == 1:
        return found[0]
    if not found:
        which = "no proxy of yours runs" if proxy is None else f"no proxy listens on {proxy}"
        raise WsproxyError(f"{which}; start `wsproxy run`, or name one with --url and --token")
    listed = ", ".join(each.proxy for each in found)
    raise WsproxyError(f"several proxies run ({listed}); choose one with --proxy PORT")


def running() -> list[Address]:
    """The proxies of this user that run."""
    if not _private(folder()):
        return []
    found = []
    for path in sorted(folder().glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            with path.open(encoding="utf-8") as file:
                value = json.loads(file.read(MAX_FILE))
            if _alive(int(path.stem)):
                found.append(Address(str(value["url"]), str(value["token"]), str(value["proxy"])))
            else:
                path.unlink()
    return found


def _write(address: Address) -> Path:
    where = folder()
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _private(where):
        raise PermissionError
    path = where / f"{os.getpid()}.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
        json.dump(address._asdict(), file)
    return path


def _private(path: Path) -> bool:
    """Whether a folder is ours alone: in one of others, files could be planted."""
    try:
        found = path.lstat()
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return mine and stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
