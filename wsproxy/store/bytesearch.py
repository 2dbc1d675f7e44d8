"""Finding a regular expression in many payloads that lie one after the other.

A call of the regular expression costs more than it takes to scan a short payload. So the bytes of
many frames are scanned at once, headers and all, and a hit is looked at again in its frame alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, compress

from wsproxy.filters.regex import Regex

PIECE = 1024 * 1024
"""Bytes scanned at once. RE2 holds the interpreter meanwhile: at 0.5 to 2 GB/s about 1 to 2 ms."""

STRAY = 4
"""How often the bytes of a piece may be scanned in vain before its frames are taken one by one."""

DENSE = 32
"""Hits after which one in every two frames or more means that they are taken one by one."""

_ONE_BY_ONE = 64

Spans = tuple[Sequence[int], Sequence[int]]
"""Where payloads begin and end, ascending, without overlap."""


def spans_of(start: int, headers: Sequence[int], sizes: Sequence[int]) -> Spans:
    """The payloads of frames of some `sizes` that lie one after the other from `start` on."""
    ends = list(accumulate(sizes, initial=start))
    begins = [at + header for at, header in zip(ends, headers, strict=False)]
    return begins, ends[1:]


def matching(
    regex: Regex, data: bytes, spans: Spans, wanted: bytes, rest: Callable[[], None]
) -> Iterator[int]:
    """The indexes of the payloads that match, of those `wanted` (a byte, 1 or 0, for each).

    `rest` is called every few milliseconds: others may want the interpreter.
    """
    count = len(wanted)
    few = wanted.count(1) * 4 <= count
    scanned = regex.without_edges if regex.depends_on_edges else regex
    if few or scanned is None:
        yield from _one_by_one(regex, data, spans, compress(range(count), wanted), rest)
        return
    if scanned.found_in(b""):  # then it matches everywhere, as it asks for no edges
        yield from compress(range(count), wanted)
        return
    ends = spans[1]
    first = 0
    while first < count:
        start = ends[first - 1] if first else 0
        last = max(bisect_right(ends, start + PIECE), first + 1)
        yield from _in_piece(regex, scanned, data, spans, (first, last), wanted, rest)
        first = last
        rest()


def _in_piece(
    regex: Regex,
    scanned: Regex,
    data: bytes,
    spans: Spans,
    frames: tuple[int, int],
    wanted: bytes,
    rest: Callable[[], None],
) -> Iterator[int]:
    """`scanned` finds in the bytes all that `regex` does in a payload alone, and maybe more."""
    begins, ends = spans
    first, last = frames
    search, search_alone = scanned.compiled.search, regex.compiled.search
    at = begins[first]
    stop = ends[last - 1]
    patience = STRAY * (stop - at) + PIECE
    hits = 0
    while first < last:
        hit = search(data, at, stop)
        if hit is None:
            return
        start, end = hit.span()
        # What lies between two payloads is the header of the later one.
        index = min(bisect_right(ends, start, first), last - 1)
        begin, end_of_payload = begins[index], ends[index]
        sure = regex is scanned and begin <= start and end <= end_of_payload
        if wanted[index] and (sure or search_alone(data[begin:end_of_payload]) is not None):
            yield index
        first = index + 1
        if first < last:
            at = begins[first]
        hits += 1
        patience -= max(end - end_of_payload, 0)
        dense = hits >= DENSE and first - frames[0] <= 2 * hits
        if patience < 0 or dense:  # hits that run on through what follows would be quadratic
            chosen = compress(range(first, last), wanted[first:last])
            yield from _one_by_one(regex, data, spans, chosen, rest)
            return


def _one_by_one(
    regex: Regex, data: bytes, spans: Spans, indexes: Iterator[int], rest: Callable[[], None]
) -> Iterator[int]:
    begins, ends = spans
    search = regex.compiled.search
    for n, index in enumerate(indexes):
        if search(data[begins[index] : ends[index]]) is not None:
            yield index
        if not n % _ONE_BY_ONE:
            rest()
