"""A day on the command line."""

from datetime import date

import click


class Day(click.ParamType[date]):
    """As in 2026-11-20; anything else is told and ends the command with 2."""

    name = "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Gives the date."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{str(value)!r} is no day; write one as 2026-11-20", param, ctx)
