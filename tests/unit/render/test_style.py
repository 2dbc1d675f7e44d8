from __future__ import annotations

from typing import get_args

import click
import pytest

from wsproxy.render.style import Colour, styled


@pytest.mark.parametrize("colour", get_args(Colour))
def test_colours_are_those_of_click(colour: Colour) -> None:
    assert styled("text", colour) == click.style("text", fg=colour)


def test_dim() -> None:
    assert styled("text", "dim") == click.style("text", dim=True)
