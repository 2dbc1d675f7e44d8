"""A corpus of mutations of conversations, and what a comparison has to find of each."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.support.captured import conversation
from wsproxy.model.records import Direction
from wsproxy.replay.said import Said, Talk, said

Line = tuple[Direction, float, Any]

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def lines(generator: random.Random, count: int) -> list[Line]:
    """Requests, answers and three streams of prices, with times, ids and tokens in them."""
    found: list[Line] = []
    now = 1_700_000_000.0
    for number in range(count):
        now += generator.uniform(0.01, 0.2)
        if number % 4 == 0:
            symbol = generator.choice("ABC")
            found.append((UP, now, {"op": "price", "id": number, "symbol": symbol}))
            answer = {"id": number, "price": generator.randrange(10_000), "at": now}
            found.append((DOWN, now + 0.02, answer))
        else:
            tick = {
                "type": "tick",
                "channel": generator.choice(["x", "y", "z"]),
                "price": generator.randrange(100_000) / 100,
                "eventId": str(uuid.UUID(int=generator.getrandbits(128))),
            }
            found.append((DOWN, now, tick))
    return found


def talk(found: list[Line]) -> Talk:
    """What was said."""
    messages: list[Said] = [
        said(place, direction, time, 1, json.dumps(value).encode())
        for place, (direction, time, value) in enumerate(found)
    ]
    return Talk(replace(conversation()), messages)


def other_run(generator: random.Random, found: list[Line]) -> list[Line]:
    """The same again, at another time: other times and ids."""
    again = []
    for direction, time, value in found:
        value = dict(value)
        if "at" in value:
            value["at"] += 1000
        if "eventId" in value:
            value["eventId"] = str(uuid.UUID(int=generator.getrandbits(128)))
        again.append((direction, time + 1000, value))
    return again


def shuffled_streams(generator: random.Random, found: list[Line]) -> list[Line]:
    """The streams interleaved in another way; each keeps its order."""
    streams: dict[str, list[Line]] = {}
    for line in found:
        streams.setdefault(str(line[2].get("channel", "calls")), []).append(line)
    mixed = []
    while streams:
        name = generator.choice([*streams])
        mixed.append(streams[name].pop(0))
        if not streams[name]:
            del streams[name]
    return mixed


def _drop(generator: random.Random, found: list[Line]) -> None:
    del found[generator.randrange(len(found))]


def _double(generator: random.Random, found: list[Line]) -> None:
    place = generator.randrange(len(found))
    found.insert(place, found[place])


def _swap(generator: random.Random, found: list[Line]) -> None:
    same = [i for i, line in enumerate(found) if line[2].get("channel") == "x"]
    place = generator.randrange(len(same) - 1)
    a, b = same[place], same[place + 1]
    found[a], found[b] = found[b], found[a]


def _change(generator: random.Random, found: list[Line]) -> None:
    places = [i for i, line in enumerate(found) if "price" in line[2]]
    place = generator.choice(places)
    direction, time, value = found[place]
    found[place] = (direction, time, {**value, "price": value["price"] + 1})


def _delay(generator: random.Random, found: list[Line]) -> None:
    places = [i for i, line in enumerate(found) if "at" in line[2]]
    place = generator.choice(places)
    direction, time, value = found[place]
    found[place] = (direction, time + 5, value)


MUTATIONS: dict[str, tuple[Callable[[random.Random, list[Line]], None], str]] = {
    "drop": (_drop, "missing"),
    "double": (_double, "extra"),
    "swap": (_swap, "moved"),
    "change": (_change, "changed"),
    "delay": (_delay, "later"),
}


def corpus(name: str, runs: int) -> Iterator[tuple[Talk, Talk]]:
    """Before and after a mutation, `runs` times."""
    mutate, _ = MUTATIONS[name]
    for seed in range(runs):
        generator = random.Random(f"{name} {seed}")
        before = lines(generator, 200)
        after = other_run(generator, before)
        mutate(generator, after)
        yield talk(before), talk(after)
