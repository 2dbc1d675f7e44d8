"""A client of a running proxy's API (docs/api.md), for the commands that steer one."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import click

from wsproxy.cli.address import find
from wsproxy.errors import WsproxyError

PATIENCE = 30.0
"""Seconds that an answer may take."""

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer that are read."""


class Api:
    """One proxy."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._opener = build_opener(ProxyHandler({}))  # no proxy stands between us and loopback

    def get(self, path: str) -> Any:
        """What a GET answers. Raises WsproxyError."""
        return self.ask("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What a POST answers. Raises WsproxyError."""
        return self.ask("POST", path, body or {})

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What a request answers. Raises WsproxyError with what the proxy says."""
        headers = {"Authorization": f"Bearer {self._token}"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        url = f"{self._url}/api/v1{quote(path, safe='/?=&%')}"
        request = Request(url, data, headers, method=method)  # noqa: S310 - `_checked` looked at it
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read(MAX_ANSWER))
        except HTTPError as error:
            raise WsproxyError(_said(error)) from None
        except URLError as error:
            reason = getattr(error.reason, "strerror", None) or str(error.reason)
            raise WsproxyError(f"cannot reach {self._url}: {reason.lower()}") from None
        except (OSError, HTTPException, ValueError) as error:
            raise WsproxyError(f"{self._url} is not wsproxy's API: {error}") from None


def with_api(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --url, --token and --proxy; the command gets an `api`."""

    def command(url: str | None, token: str | None, proxy: str | None, **options: Any) -> Any:
        return function(api=_api(url, token, proxy), **options)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    # click keeps options on the function until it makes a command of it.
    command.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        click.option(
            "--proxy",
            metavar="PORT",
            help="Which proxy of this user, by the port of its clients; needed if several run.",
        ),
        click.option("--token", envvar="WSPROXY_WEB_TOKEN", metavar="T", help="The page's token."),
        click.option(
            "--url", metavar="URL", help="The page's URL, as wsproxy prints it, of any proxy."
        ),
    ):
        option(command)
    return command


def _api(url: str | None, token: str | None, proxy: str | None) -> Api:
    if url is None:
        address = find(proxy)
        return Api(address.url, token or address.token)
    parts = _checked(url)
    token = token or "".join(parse_qs(parts.query).get("token", []))
    if not token:
        raise click.UsageError("--url needs --token T, unless the URL has ?token=T")
    return Api(f"{parts.scheme}://{parts.netloc}", token)


def _checked(url: str) -> Any:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise click.BadParameter(f"{url!r} is not a URL: {error}", param_hint="--url") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise click.BadParameter(
            f"{url!r} is not the page's URL; write for instance http://127.0.0.1:8081",
            param_hint="--url",
        )
    return parts


def _said(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read(MAX_ANSWER))["error"]["message"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"{error.url} answered {error.code} {error.reason}"
