"""`appletql dev`: the server and the offline WeChat, in one process, with nothing to configure."""

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sandbox.server import SandboxServer
    from server.serving import Server
    from server.settings import Settings

_SCREEN = """
  AppletQL   {api}/graphql   (open it in a browser for GraphiQL)
  Sandbox    {sandbox}   (an offline WeChat, with WeChat Pay)
  Database   {database}

  Sign in, in another terminal:

    curl -s {api}/graphql -H 'Content-Type: application/json' -d '{{"query": "mutation($code: String!) {{ \
login(input: {{code: $code}}) {{ \
... on LoginSuccess {{ token user {{ id }} }} ... on Problem {{ code message }} }} }}", \
"variables": '"$(curl -sX POST {sandbox}/_sandbox/wx/login)"'}}'

  Then ask who you are, with the token from the answer:

    curl -s {api}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer TOKEN' \
-d '{{"query": "{{ me {{ id createdAt }} session {{ expiresAt }} }}"}}'

  What there is to buy (the README goes on from here: order, pay, refund):

    curl -s {api}/graphql -H 'Content-Type: application/json' \
-d '{{"query": "{{ products {{ nodes {{ id title price {{ display }} available }} }} }}"}}'

  Other commands, as appletql doctor, reach the same after:   . {environment}

  Ctrl-C ends both.
"""


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), envvar="PORT")
@click.option("--sandbox-port", default=8001, show_default=True, type=click.IntRange(0, 65535), envvar="SANDBOX_PORT")
def dev(port: int, sandbox_port: int) -> None:
    """Run the server and the offline WeChat together, with no account and nothing to configure.

    Migrates the database first, and puts demo products into an empty catalogue.
    Secrets are made once, in .appletql/. APPLETQL_DATABASE_URL and other settings are honoured, also those of .env, but
    for its own address and WeChat: those are named as passed over.
    """
    from server.cli.failures import told_in_one_line
    from server.development import kept_settings
    from server.logs import configure_logging

    with told_in_one_line():
        configure_logging(kept_settings().log_level, as_json=False)
        if not asyncio.run(_run(port, sandbox_port)):
            sys.exit(1)


async def _run(port: int, sandbox_port: int) -> bool:
    from sandbox.server import running
    from server.app import Application
    from server.binding import bind
    from server.development import ADDRESS, kept_settings
    from server.serving import Server, serve_until_signalled

    database_url = kept_settings().database_url.get_secret_value()
    with bind(ADDRESS, port, "PORT") as listening:
        with bind(ADDRESS, sandbox_port, "SANDBOX_PORT") as taken:
            sandbox_port = taken.getsockname()[1]
        async with running(_sandbox(sandbox_port, database_url)) as sandbox:
            settings = _settings(sandbox, listening.getsockname()[1])
            await _migrate(database_url)
            await _fill_shelves(database_url, settings)
            server = Server(Application(settings, with_worker=True), drain_seconds=0)
            announcing = asyncio.create_task(_announce(server, listening.getsockname()[1], sandbox.url, database_url))
            try:
                return await serve_until_signalled(server, listening)
            finally:
                announcing.cancel()


def _sandbox(port: int, database_url: str) -> "SandboxServer":
    from sandbox.server import create_server
    from sandbox.storage import StateFileError
    from server.development import sandbox_state_file

    try:
        return create_server(port=port, state_file=sandbox_state_file(database_url), embedded=True)
    except StateFileError as error:
        raise click.ClickException(str(error)) from None


def _settings(sandbox: "SandboxServer", port: int) -> "Settings":
    """The environment's settings, but for its own address and WeChat: that is the sandbox and its mini programs."""
    from server.development import keep_environment, keep_merchant, own_address, own_secret_key, passed_over
    from server.settings import SettingsError, read_settings
    from server.settings_rules import faults_for_serving

    apps = [{"appid": app.appid, "secret": app.secret, "name": app.name} for app in sandbox.wechat.apps.values()]
    given: dict[str, Any] = {
        "wechat_api_url": sandbox.url,
        "appid": None,
        "appsecret": None,
        "apps": apps,
        **own_address(port),
        "pay_api_url": sandbox.url,
        **keep_merchant(sandbox.wechat.pay.merchant),
    }
    settings = read_settings(environment="development", **given)
    if not settings.secret_keys:
        settings = read_settings(environment="development", secret_keys=own_secret_key(), **given)
    if faults := faults_for_serving(settings):
        raise SettingsError(faults)
    own = {
        "environment": "development",
        "database_url": settings.database_url.get_secret_value(),
        "secret_keys": ",".join(key.get_secret_value() for key in settings.secret_keys),
    }
    keep_environment(own | given)
    if names := passed_over(settings):
        click.echo(f"passed over, since `dev` has its own: {', '.join(names)}", err=True)
    return settings


async def _migrate(database_url: str) -> None:
    from models.migrator import migrate

    await migrate(database_url, lambda name: click.echo(f"migrated {name}"))


async def _fill_shelves(database_url: str, settings: "Settings") -> None:
    from models.database import open_database
    from server.cli.business_clock import business_clock
    from services.catalogue.demo import fill_if_empty
    from services.catalogue.imports import Imports

    async with open_database(database_url, pool_size=2) as units:
        if imported := await fill_if_empty(Imports(units, await business_clock(settings))):
            click.echo(f"{imported.made} demo products made")


async def _announce(server: "Server", port: int, sandbox: str, database_url: str) -> None:
    from server.development import FOLDER

    await server.listening.wait()
    database = database_url if database_url.startswith("sqlite:") else "PostgreSQL, as APPLETQL_DATABASE_URL says"
    click.echo(
        _SCREEN.format(api=f"http://127.0.0.1:{port}", sandbox=sandbox, database=database, environment=FOLDER / "env")
    )
