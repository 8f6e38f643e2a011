"""The lines of `appletql verify` on a terminal of 80 columns."""

from collections.abc import Iterator, Mapping

import click

from server.cli.tables import WIDTH, wrapped

_LONGEST_SUBJECT = 30


def tell(subject: str, said: str) -> None:
    """What is wrong with an order, a user or a product."""
    for line in wrapped(f"{subject:<{_LONGEST_SUBJECT}} ", said):
        click.echo(line)


def tell_counts(what: str, counts: Mapping[str, int]) -> None:
    """How many of which name."""
    for line in counted(what, counts):
        click.echo(line)


def counted(what: str, counts: Mapping[str, int]) -> Iterator[str]:
    """As many names with their numbers on a line as it holds."""
    line = head = f"{what}:"
    for number, (name, count) in enumerate(counts.items(), 1):
        word = f" {name} {count}" + ("," if number < len(counts) else "")
        if len(line) + len(word) > WIDTH:
            yield line
            line = " " * len(head)
        line += word
    yield line
