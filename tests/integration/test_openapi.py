"""The API held against its own description: no answer is a 5xx, and each is what it says there."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.support.command import piped
from wsproxy.web.api.routes import PREFIX
from wsproxy.web.openapi import describe
from wsproxy.web.server import API_ROUTES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import CheckFunction
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")

TOKEN = "a-token-for-tests"

CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

SLOW = {"POST /compare", "POST /compare/capture", "POST /view"}
"""They start a process for each request that is in order."""


def _pairs(schema: dict[str, Any]) -> dict[str, Any]:
    """schemathesis makes no sense of `prefixItems`; ours are all of one type."""
    if prefix := schema.pop("prefixItems", None):
        schema["items"] = prefix[0]
    return schema


SCHEMA = schemathesis.openapi.from_dict(
    json.loads(json.dumps(describe(API_ROUTES)), object_hook=_pairs)
)
OPERATIONS = {
    f"{operation.method.upper()} {operation.path.removeprefix(PREFIX)}": operation
    for operation in (each.ok() for each in SCHEMA.get_all_operations())  # type: ignore[union-attr]
}


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """The origin of a page, behind which there is something of everything."""

    def echo(socket: ServerConnection) -> None:
        for message in socket:
            socket.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        upstream = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        with piped(
            *("run", upstream, "-p", "0", "--web-port", "0", "--web-token", TOKEN, "-qq"),
            *("--fault", "latency:latency=1ms,name=slow"),
        ) as proxy:
            proxy.ready()
            origin = proxy.err.expect(r"(http://127\.0\.0\.1:\d+)/\?token")[1]
            with connect(f"{proxy.url}/one") as socket:
                for text in ("", "hello", '{"id": 1}'):
                    socket.send(text)
                    socket.recv()
            with connect(f"{proxy.url}/two") as socket:
                socket.send(b"\0\1\2")
                socket.recv()
                yield origin
            assert proxy.finish() == 0
            assert "Traceback" not in proxy.err.text
            assert "failed" not in proxy.err.text
        server.shutdown()


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name: str, page: str) -> None:
    operation = OPERATIONS[name]

    kinds = [operation.as_strategy(), known(operation)]
    if list(operation.iter_parameters()) or operation.body:
        kinds.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))

    @settings(
        max_examples=3 if name in SLOW else 8,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(kinds))
    def ask(case: schemathesis.Case[Any]) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        response = case.call(base_url=page, headers=headers, timeout=10)
        case.validate_response(response, checks=CHECKS)

    ask()


def known(operation: Any) -> st.SearchStrategy[schemathesis.Case[Any]]:
    """Requests for what there is: random ids find nothing."""

    def aim(case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
        for place in case.path_parameters:
            value = {"id": 1, "number": 1, "direction": "upstream", "name": "slow"}[place]
            case.path_parameters[place] = value
        return case

    strategy: st.SearchStrategy[schemathesis.Case[Any]] = operation.as_strategy().map(aim)
    return strategy


def test_every_route_is_described() -> None:
    routes = {f"{route.method} {route.path}" for route in API_ROUTES}
    assert set(OPERATIONS) == routes
    assert all(re.fullmatch(r"[A-Z]+ /[\w/{}-]+", name) for name in OPERATIONS)
