from __future__ import annotations

import asyncio

from wsproxy.addonhost.turns import LOOP_TURNS, Turns


async def settled() -> None:
    """The turns of the loop in which the next one may still ask."""
    for _ in range(LOOP_TURNS + 1):
        await asyncio.sleep(0)


async def test_turns_come_in_the_order_of_asking() -> None:
    turns = Turns()
    order = []

    async def ask(name: str) -> None:
        await turns.take()
        order.append(name)
        await asyncio.sleep(0)
        turns.give()

    await turns.take()
    tasks = [asyncio.create_task(ask(name)) for name in "abc"]
    await asyncio.sleep(0)
    assert order == []
    turns.give()
    assert not turns.free  # it is the next one's already: nobody overtakes
    tasks.append(asyncio.create_task(ask("d")))
    await asyncio.gather(*tasks)
    assert order == list("abcd")
    await settled()
    assert turns.free


async def test_who_gives_up_waiting_does_not_block_the_others() -> None:
    turns = Turns()
    await turns.take()
    first, second = (asyncio.create_task(turns.take()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    turns.give()
    await asyncio.wait_for(second, 1)
    turns.give()
    await settled()
    assert turns.free


async def test_a_turn_given_to_somebody_who_is_cancelled_goes_on() -> None:
    turns = Turns()
    await turns.take()
    first, second = (asyncio.create_task(turns.take()) for _ in range(2))
    await asyncio.sleep(0)
    turns.give()
    first.cancel()
    await asyncio.wait_for(second, 1)
    turns.give()
    await settled()
    assert turns.free


async def test_what_came_first_goes_first_though_it_asks_later() -> None:
    """The next message of the direction that had the turn asks only after that."""
    turns = Turns()
    order = []

    async def ask(name: str, came: float) -> None:
        await turns.take(came)
        order.append(name)
        turns.give()

    await turns.take(1.0)
    late = asyncio.create_task(ask("came later", 3.0))
    await asyncio.sleep(0)
    turns.give()
    await asyncio.sleep(0)
    await asyncio.gather(late, ask("came first", 2.0))
    assert order == ["came first", "came later"]
    await settled()
    assert turns.free
