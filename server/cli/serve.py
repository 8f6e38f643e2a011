"""`appletql serve`."""

import asyncio
import sys

import click


@click.command()
@click.option("--host", help="The address to listen on; else APPLETQL_HOST, 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; else APPLETQL_PORT, 8000.")
@click.option("--with-worker", is_flag=True, help="Look after orders and refunds in this process too.")
def serve(host: str | None, port: int | None, *, with_worker: bool) -> None:
    """Serve the API. Run `appletql migrate` first, and `appletql doctor` when in doubt.

    Refuses to start with a fault in the settings and names every one. SIGTERM drains: /readyz answers 503, requests
    and work come to their end, then the process ends, within 26 seconds in any case. Exit code 1 where something was
    cut off, which the log tells; what was answered is never lost.
    """
    from server.app import Application
    from server.binding import bind
    from server.cli.failures import told_in_one_line
    from server.logs import configure_logging
    from server.serving import Server, serve_until_signalled
    from server.settings import SettingsError, read_settings
    from server.settings_rules import faults_for_serving

    with told_in_one_line():
        given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        settings = read_settings(**given)
        if faults := faults_for_serving(settings):
            raise SettingsError(faults)
        configure_logging(settings.log_level, as_json=settings.is_production)
        listening = bind(settings.host, settings.port, "APPLETQL_PORT")
        server = Server(Application(settings, with_worker=with_worker), drain_seconds=settings.drain_seconds)
        if not asyncio.run(serve_until_signalled(server, listening)):
            sys.exit(1)
