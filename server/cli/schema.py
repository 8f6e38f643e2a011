"""`appletql schema`."""

from pathlib import Path

import click


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def schema(output: Path | None) -> None:
    """Print the GraphQL schema (SDL), for code generators. Needs no settings."""
    from schema.assembly import export_sdl
    from server.cli.failures import told_in_one_line

    with told_in_one_line():
        if output is None:
            click.echo(export_sdl(), nl=False)
        else:
            output.write_text(export_sdl(), encoding="utf-8")
