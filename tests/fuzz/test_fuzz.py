"""Bytes of others, a few seconds for each of who reads them; scripts/fuzz goes on for longer."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds

EXAMPLES = {"capture": 60, "imports": 80}
"""They work on files: fewer of them, for the time it takes."""


@st.composite
def changed(draw: st.DrawFn, known: list[bytes]) -> bytes:
    """One of `known`, with some places overwritten, cut out or filled in."""
    data = draw(st.sampled_from(known))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.sampled_from([0, 1, 2, 8, 1 << 20]))
        data = data[:at] + draw(st.binary(max_size=8)) + data[at + gone :]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    target, known = TARGETS[name], seeds(name)
    for seed in known:
        target(seed)

    @settings(
        max_examples=EXAMPLES.get(name, 300),
        suppress_health_check=list(HealthCheck),
    )
    @given(changed(known) | st.binary(max_size=200))
    def run(data: bytes) -> None:
        target(data)

    run()
