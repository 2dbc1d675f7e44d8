"""Help whose options stand in groups, and whose commands' lines are not cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from wsproxy.text.words import did_you_mean

REST = "Other options"


class GroupedCommand(click.Command):
    """A command whose help has its options under headings."""

    def __init__(
        self, *args: Any, groups: Mapping[str, Sequence[str]] | None = None, **kwargs: Any
    ) -> None:
        """`groups`: the long names of options by their heading; the rest stands at the end."""
        super().__init__(*args, **kwargs)
        self.groups = groups or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        headings = {name: heading for heading, names in self.groups.items() for name in names}
        rows: dict[str, list[tuple[str, str]]] = {heading: [] for heading in self.groups}
        for param in self.get_params(ctx):
            row = param.get_help_record(ctx)
            if row is not None:
                heading = next((headings[o] for o in param.opts if o in headings), REST)
                rows.setdefault(heading, []).append(row)
        for heading, found in rows.items():
            with formatter.section(heading):
                formatter.write_dl(found)


class WholeLines(click.Group):
    """A group whose help has the first sentence of each command's, however long it is, and that
    suggests the command that was meant.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            ctx.fail(f"there is no command {word}{did_you_mean(word, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                paragraph = (command.help or "").partition("\n\n")[0]
                rows.append((name, " ".join(paragraph.split())))
        with formatter.section("Commands"):
            formatter.write_dl(rows)
