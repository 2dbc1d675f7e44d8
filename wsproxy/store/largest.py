"""The largest or smallest frames of a list, found without reading them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter, sub

from wsproxy.store.blockcache import Entries

MAX_BY_SIZE = 5000
"""Frames that a list by size has."""


def by_size(
    ids: Sequence[int], blocks: Iterable[Entries], rest: Callable[[], None], *, largest: bool
) -> list[int]:
    """Of ascending `ids` those of the largest (or smallest) recorded payloads, in that order.

    At most MAX_BY_SIZE; of equal ones the first come first. `blocks` are in order; `rest` is called after
    each.
    """
    sign = -1 if largest else 1
    found: list[tuple[int, int]] = []  # sign * size, id
    worst: int | None = None
    for entries in blocks:
        columns, first = entries.columns, entries.first_id
        mine = ids[bisect_left(ids, first) : bisect_right(ids, entries.last_id)]
        sizes = list(map(sub, columns.sizes, columns.headers))
        new = ((sign * sizes[each - first], each) for each in mine)
        found += new if worst is None else (one for one in new if one[0] < worst)
        if len(found) > 2 * MAX_BY_SIZE:
            found.sort()
            del found[MAX_BY_SIZE:]
            worst = found[-1][0]
        rest()
    return list(map(itemgetter(1), sorted(found)[:MAX_BY_SIZE]))
