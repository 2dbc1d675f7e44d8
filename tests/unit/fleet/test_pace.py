"""The relay comes first, unless it has time, or too much waits."""

from __future__ import annotations

from wsproxy.fleet.pace import MOST_SECONDS, SHARE, Pace, Spent


class Process:
    """A process whose sender spends `sending` seconds on a group while the others use a share."""

    def __init__(self, sending: float, others: float) -> None:
        self.now = Spent(0.0, 0.0, 0.0)
        self.sending = sending
        self.others = others

    def spent(self) -> Spent:
        return self.now

    def pass_by(self, seconds: float, sending: float) -> None:
        wall, sent, process = self.now
        self.now = Spent(wall + seconds, sent + sending, process + sending + self.others * seconds)

    def share(self, *, urgent: bool = False) -> float:
        """Of a core, that sending took in the end."""
        pace = Pace(self.spent)
        for _ in range(100):
            self.pass_by(self.sending, self.sending)
            self.pass_by(pace.wait(urgent=urgent), 0.0)
        return self.now.sending / self.now.wall


def test_a_busy_relay_comes_first() -> None:
    assert 0.99 * SHARE < Process(sending=0.002, others=0.8).share() < 1.02 * SHARE


def test_an_idle_one_waits_for_nothing() -> None:
    assert Process(sending=0.002, others=0.2).share() == 1.0


def test_what_is_urgent_goes_at_once() -> None:
    assert Process(sending=0.002, others=0.8).share(urgent=True) == 1.0


def test_it_never_waits_for_long() -> None:
    process = Process(sending=30.0, others=0.8)
    pace = Pace(process.spent)
    process.pass_by(30.0, 30.0)
    assert pace.wait(urgent=False) == MOST_SECONDS
