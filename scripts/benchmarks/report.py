"""What was measured: printed as it comes, and put into docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


@dataclass
class Report:
    """A table of one benchmark, and remarks below it."""

    name: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row and print it."""
        if not self.rows:
            print(f"\n{self.name}: {' | '.join(self.columns)}", flush=True)
        self.rows.append(cells)
        print(f"  {' | '.join(cells)}", flush=True)

    def remark(self, text: str) -> None:
        """Add a sentence and print it."""
        if text not in self.remarks:
            self.remarks.append(text)
            print(f"  {text}", flush=True)

    def markdown(self) -> str:
        lines = [
            f"| {' | '.join(self.columns)} |",
            f"|{'---|' * len(self.columns)}",
            *(f"| {' | '.join(row)} |" for row in self.rows),
        ]
        return "\n".join([*lines, *(f"\n{remark}" for remark in self.remarks)])


def write(reports: Sequence[Report], heading: str) -> None:
    """Put each report between its marks in the page; what was not measured stays."""
    text = PAGE.read_text()
    for report in reports:
        begin, end = f"<!-- bench {report.name} -->", f"<!-- end {report.name} -->"
        before, found, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found or not found_end:
            raise LookupError(f"{PAGE} has no place for {report.name}")
        text = f"{before}{begin}\n{heading}\n\n{report.markdown()}\n{end}{after}"
    PAGE.write_text(text)


def verdict(value: float, *, least: float | None = None, most: float | None = None) -> str:
    """A figure with what is wanted of it."""
    if least is not None:
        return f"{value:.2f} (≥ {least:g}{'' if value >= least else ': **missed**'})"
    if most is not None:
        return f"{value:.2f} (≤ {most:g}{'' if value <= most else ': **missed**'})"
    return f"{value:.2f}"
