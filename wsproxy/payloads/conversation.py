"""What the messages of one connection say: the decoder is chosen once, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from wsproxy.payloads.bounds import MAX_CONVERSATIONS, MAX_SUMMARY, TRIED_MESSAGES
from wsproxy.payloads.decoded import Decoded, Decoder, Facts, Payload, Sure, decoded, line
from wsproxy.payloads.libraries import MissingLibraryError
from wsproxy.payloads.registry import by_facts, by_payload
from wsproxy.payloads.rules import DecodeRule, rule_for
from wsproxy.payloads.values.decoder import Guessed

MISSING = "(missing)"
"""The kind of a message whose decoder lacks its library."""

FAILED = "(failed)"
"""The kind of a message at which a decoder failed, which is a bug of it."""


class Conversation:
    """Both directions of one connection.

    Its state is bounded by the decoder's own bounds. Whatever the messages say, `feed` never
    raises.
    """

    def __init__(self, facts: Facts, rules: list[DecodeRule] | None = None) -> None:
        self._facts = facts
        self._guessed = Guessed(facts)
        self._decoder: Decoder | None = None
        self._sure = Sure.SURE
        self._tries = TRIED_MESSAGES
        self._off = False
        self.failed = 0
        """Messages at which a decoder failed."""
        rule = rule_for(rules or [], facts.target)
        if rule is not None:
            self._tries = 0
            if rule.factory is None:
                self._off = True
            else:
                self._decoder = rule.factory(facts)
            return
        try:
            chosen = by_facts(facts)
            if chosen is not None:
                self._decoder, self._sure = chosen[0](facts), chosen[1]
        except Exception:  # noqa: BLE001 - as in `feed`
            self.failed += 1

    @property
    def protocol(self) -> str | None:
        """Name of the decoder, as far as one was chosen."""
        return self._decoder.name if self._decoder is not None else None

    def feed(self, payload: Payload) -> list[Decoded]:
        """What ends in this message; nothing if nobody understands it."""
        if self._off:
            return []
        try:
            return self._feed(payload)
        except MissingLibraryError as error:
            name = self.protocol or "auto"
            return [Decoded(name, MISSING, line(str(error)), None, None, Sure.SURE)]
        except Exception as error:  # noqa: BLE001 - a decoder's bug must not stop who reads
            self.failed += 1
            why = f"the decoder failed: {type(error).__name__} {error}"
            return [decoded(self.protocol or "auto", FAILED, why, None)]

    def _feed(self, payload: Payload) -> list[Decoded]:
        if (self._tries and self._sure < Sure.SURE) or (self._decoder is None and self._tries):
            self._tries -= 1
            self._choose(payload)
        if self._decoder is not None:
            found = self._decoder.feed(payload)
            if found is not None:
                if self._sure is not Sure.SURE:
                    found = [one._replace(sure=min(one.sure, self._sure)) for one in found]
                return found
        return self._guessed.feed(payload) or []

    def _choose(self, payload: Payload) -> None:
        chosen = by_payload(self._facts, payload)
        if chosen is None:
            return
        factory, sure = chosen
        if self._decoder is not None:
            if factory is type(self._decoder):
                self._sure = max(self._sure, sure)
                return
            if sure <= self._sure:
                return
        self._decoder, self._sure = factory(self._facts), sure


class Conversations:
    """The conversations of many connections, by an id; at most MAX_CONVERSATIONS at a time."""

    def __init__(self, facts_of: Callable[[int], Facts], rules: list[DecodeRule]) -> None:
        """`facts_of` gives what the opening handshake of a connection told."""
        self._facts_of = facts_of
        self._rules = rules
        self._open: OrderedDict[int, Conversation] = OrderedDict()

    def feed(self, connection_id: int, payload: Payload) -> list[Decoded]:
        conversation = self._open.get(connection_id)
        if conversation is None:
            conversation = Conversation(self._facts_of(connection_id), self._rules)
            self._open[connection_id] = conversation
            if len(self._open) > MAX_CONVERSATIONS:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(connection_id)
        return conversation.feed(payload)

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, connection_id: int) -> bool:
        return connection_id in self._open

    def close(self, connection_id: int) -> None:
        """Forget a connection."""
        self._open.pop(connection_id, None)


def in_one_line(found: list[Decoded]) -> str:
    """All packets of a message in one line: `SUB a sid=1 · PING`."""
    if len(found) == 1:
        return found[0].summary
    text = ""
    for one in found:
        text += f" · {one.summary}" if text else one.summary
        if len(text) > MAX_SUMMARY:
            return text[: MAX_SUMMARY - 1] + "…"
    return text
