"""strawberry's server with graphql-ws in JavaScript, and with gql over both subprotocols."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
import strawberry
from aiohttp import web
from gql import Client, gql
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from strawberry.aiohttp.views import GraphQLView

from tests.integration.decoders.conftest import Speak, Start, lines


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str) -> str:
        return f"hello {name}"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, n: int) -> AsyncGenerator[int, None]:
        for number in range(n):
            yield number
            await asyncio.sleep(0)


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    app = web.Application()
    schema = strawberry.Schema(query=Query, subscription=Subscription)
    app.router.add_route("*", "/graphql", GraphQLView(schema=schema))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    await runner.cleanup()


async def test_what_graphql_ws_says(upstream: str, through: Start, speak: Speak) -> None:
    proxy = through(upstream)
    heard = await speak("graphql", proxy.url)
    assert heard == {
        "next": [0, 1, 2, 3],
        "hello": "hello ann",
        "errors": ["Cannot query field 'nonsense' on type 'Query'."],
    }
    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert up[0] == "connection_init"
    assert down[0] == "connection_ack"
    (subscribed,) = proxy.messages.where("~kind ^subscribe$ & ~say Ticks")
    key = subscribed.decoded[0].summary.split()[1]
    assert subscribed.decoded[0].summary == f"subscribe {key} subscription Ticks count(n:4)"
    told = [line for line in down if line.split()[1:2] == [key]]
    assert told == [*(f"next {key} #{n + 1} {{count:{n}}}" for n in range(4)), f"complete {key}"]
    assert any("query hello(name:" in line for line in up)
    assert any(line.startswith("error ") and "nonsense" in line for line in down)
    first = proxy.messages.where("~kind ^next$ & ~say '#1 {count:0}'")[0]
    assert first.latency is not None


@pytest.mark.parametrize("name", ["graphql-transport-ws", "graphql-ws"])
async def test_what_gql_says(upstream: str, through: Start, name: str) -> None:
    proxy = through(upstream)
    transport = AIOHTTPWebsocketsTransport(url=proxy.url, subprotocols=[name])
    async with Client(transport=transport) as session:
        counted = [
            result["count"]
            async for result in session.subscribe(gql("subscription { count(n: 3) }"))
        ]
        if name != "graphql-ws":  # strawberry takes only subscriptions there
            assert await session.execute(gql('{ hello(name: "bob") }')) == {"hello": "hello bob"}
    assert counted == [0, 1, 2]
    assert proxy.connections[0].subprotocol == name
    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    began, told = ("start", "data") if name == "graphql-ws" else ("subscribe", "next")
    assert f"{began} 1 subscription count(n:3)" in up
    assert [line for line in down if line.startswith(f"{told} 1 ")] == [
        f"{told} 1 #{n + 1} {{count:{n}}}" for n in range(3)
    ]
    assert "complete 1" in down
    if name != "graphql-ws":
        assert f'{told} 2 #1 {{hello:"hello bob"}}' in down
