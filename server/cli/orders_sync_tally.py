"""What a command counts that asks WeChat: orders that were asked about, those that could not be, and when to stop."""

from dataclasses import dataclass, field

import click

from domain.problems import Failure, ProblemCode, Unavailable, WeChatProblem

SILENT_IN_A_ROW = 20


def is_silence(failure: Failure) -> bool:
    """Whether nobody answered, WeChat or the database: the next order may fare the same."""
    if isinstance(failure, WeChatProblem):
        return failure.code == ProblemCode.WECHAT_UNAVAILABLE
    return isinstance(failure, Unavailable)


@dataclass
class Tally:
    """`stopped` says why there is no sense in going on; empty while there is."""

    asked: int = 0
    changed: int = 0
    stopped: str = ""
    failures: list[tuple[str, str]] = field(default_factory=list)
    _silent_in_a_row: int = 0

    def succeed(self) -> None:
        """An order was asked about."""
        self.asked += 1
        self._silent_in_a_row = 0

    def fail(self, name: str, failure: Failure) -> None:
        """An order could not be; too many in a row without any answer are the end."""
        self.failures.append((name, failure.message))
        self._silent_in_a_row = self._silent_in_a_row + 1 if is_silence(failure) else 0
        if self._silent_in_a_row >= SILENT_IN_A_ROW and not self.stopped:
            self.stopped = f"{self._silent_in_a_row} orders in a row had no answer"

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to be asked about."""
        return not self.failures and not self.stopped

    def tell(self, total: int) -> None:
        """Each order that could not be asked about with its reason, why it stopped, and how many were which."""
        for name, why in self.failures:
            click.echo(f"appletql: {name}: {why}", err=True)
        if self.stopped:
            left = max(0, total - self.asked - len(self.failures))
            click.echo(f"appletql: stopped: {self.stopped}; {left} more were not tried. Run it again later.", err=True)
        orders = "1 order" if self.asked == 1 else f"{self.asked} orders"
        failed = f", {len(self.failures)} could not be" if self.failures else ""
        click.echo(f"{orders} asked about{failed}, {self.changed} changed")
