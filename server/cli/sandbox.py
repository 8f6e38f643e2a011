"""`appletql sandbox`: the offline WeChat alone."""

from pathlib import Path

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), envvar="SANDBOX_PORT")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep users, codes, tokens, orders and keys in this file; without it they end with the process.",
)
def sandbox(host: str, port: int, state: Path | None) -> None:
    """Run the offline WeChat alone, for any WeChat SDK in any language.

    Point the SDK at it in place of api.weixin.qq.com and api.mch.weixin.qq.com. Never expose it: whoever reaches it
    is every user.
    """
    from sandbox.apps import DEFAULT_APPS
    from sandbox.pay.keys import MCHID
    from sandbox.server import create_server
    from sandbox.storage import StateFileError
    from server.logs import configure_logging

    configure_logging("INFO", as_json=False)
    try:
        server = create_server(host=host, port=port, state_file=state)
        for app in DEFAULT_APPS:
            click.echo(f"{app.name}: appid {app.appid}, secret {app.secret}")
        click.echo(f"Merchant: mchid {MCHID}, keys at http://{host}:{port}/_sandbox/merchant")
        click.echo(f"Sandbox on http://{host}:{port}/ (Ctrl-C ends it)")
        server.run()
    except (OSError, StateFileError) as error:
        raise click.ClickException(str(error)) from None
