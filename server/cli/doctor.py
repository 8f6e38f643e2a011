"""`appletql doctor`."""

import click


@click.command()
def doctor() -> None:
    """Check settings, keys, database, migrations, WeChat and the clock, and say what to do for each finding."""
