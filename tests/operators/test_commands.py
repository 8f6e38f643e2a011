"""`appletql operators`: the role is given and taken at the command line, and logged without saying who somebody is."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from domain.clock import wire_clock
from domain.ids import Prefix, new_id
from models.accounts import User
from models.database import open_database
from tests.catalogue.shop import create
from tests.databases import Databases, SqliteFolder
from tests.process.forked import run
from tests.world import open_world

NICKNAME = "不入日志之人"


def operators(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "operators", *arguments, APPLETQL_DATABASE_URL=url)


def inside(url: str, body: Callable[[], Awaitable[None]]) -> None:
    async def opened() -> None:
        async with open_database(url, pool_size=2) as units:
            await units.run(body)

    asyncio.run(opened())


def person(url: str, **given: Any) -> str:
    """The id of a new user."""
    user_id = new_id(Prefix.USER, wire_clock())

    async def write() -> None:
        user = await User.create(id=user_id, nickname=NICKNAME, created_at=wire_clock(), **given)
        assert user.id == user_id

    inside(url, write)
    return user_id


def events(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return [(line["event"], line["user"]) for line in lines]


def test_the_role_is_given_listed_and_taken_and_again_is_no_harm(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    one, other = person(url), person(url)

    done = [
        operators(url, tmp_path, *arguments)
        for arguments in (
            ("list",),
            ("add", one),
            ("add", one),
            ("add", other),
            ("list",),
            ("remove", one),
            ("remove", one),
            ("list",),
        )
    ]

    assert [each.returncode for each in done] == [0] * 8
    assert [each.stdout for each in done] == [
        "",
        f"{one} is an operator now\n",
        f"{one} is an operator already\n",
        f"{other} is an operator now\n",
        "".join(f"{user_id}\n" for user_id in sorted((one, other))),
        f"{one} is no operator any more\n",
        f"{one} is no operator\n",
        f"{other}\n",
    ]
    assert [events(each) for each in done] == [
        [],
        [("operator added", one)],
        [],
        [("operator added", other)],
        [],
        [("operator removed", one)],
        [],
        [],
    ]
    assert not [each for each in done if NICKNAME in each.stdout + each.stderr]


def test_a_user_who_was_joined_stands_for_the_one_that_is_left(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    left = person(url)
    joined = person(url, merged_into_id=left)
    earlier = person(url, merged_into_id=joined)

    added = operators(url, tmp_path, "add", earlier)
    listed = operators(url, tmp_path, "list")
    removed = operators(url, tmp_path, "remove", joined)

    assert added.stdout == f"{left} is an operator now ({earlier} was joined to it)\n"
    assert listed.stdout == f"{left}\n"
    assert removed.stdout == f"{left} is no operator any more ({joined} was joined to it)\n"


@pytest.mark.parametrize("command", ["add", "remove"])
def test_who_is_not_there_is_told_in_one_line(databases: Databases, tmp_path: Path, command: str) -> None:
    url = databases.fresh()
    deleted = person(url, deleted_at=wire_clock())

    unknown = [
        operators(url, tmp_path, command, "--", text) for text in (new_id(Prefix.USER, wire_clock()), "usr_", "-x")
    ]
    gone = operators(url, tmp_path, command, deleted)

    told = "appletql: there is no user with this id; `me { id }` shows a signed-in user's own\n"
    assert [(each.stdout, each.stderr, each.returncode) for each in unknown] == [("", told, 1)] * 3
    assert (gone.stdout, gone.stderr, gone.returncode) == ("", "appletql: this user's account was deleted\n", 1)
    assert operators(url, tmp_path, "list").stdout == ""


def test_a_database_that_is_not_there_or_not_migrated_is_told_in_one_line(sqlite: SqliteFolder, tmp_path: Path) -> None:
    empty = operators(sqlite.empty(), tmp_path, "list")
    missing = operators("sqlite:///no/such/folder/a.db", tmp_path, "list")

    assert empty.stderr == "appletql: the database is not migrated; run appletql migrate\n"
    assert missing.stderr == "appletql: The SQLite database cannot be opened: look at its path.\n"
    assert (empty.returncode, missing.returncode) == (1, 1)


@pytest.mark.anyio
async def test_a_running_server_sees_it_at_the_next_request(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url) as world:
        signed_in = await world.sign_in()
        user_id, token = signed_in["user"]["id"], signed_in["token"]

        added = await asyncio.to_thread(operators, database_url, tmp_path, "add", user_id)
        made = await create(world, token)
        removed = await asyncio.to_thread(operators, database_url, tmp_path, "remove", user_id)
        answer = await world.ask(
            'mutation { createProduct(input: {idempotencyKey: "k", title: "t", price: 1}) { __typename } }', token
        )

    assert (added.returncode, removed.returncode) == (0, 0)
    assert made["__typename"] == "CreateProductSuccess"
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
