"""Deletion and export: what the law asks for."""

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from domain.problems import Unavailable
from models.accounts import Identity, Phone, Session, User
from models.media import Media
from models.sharing import Share
from services.media.keys import MediaKey
from tests.accounts.operations import (
    BIND_PHONE,
    DELETE_ACCOUNT,
    EXPORT,
    UPDATE_PROFILE,
    do,
    me,
    phone_event,
)
from tests.accounts.pictures import picture, upload
from tests.databases import Databases, SqliteFolder
from tests.world import ME, World, error_codes, open_world, quiet

pytestmark = pytest.mark.anyio
SHARE = """mutation { createShare(input: {page: "pages/forget/me", title: "忘我之物"}) {
  ... on CreateShareSuccess { share { codeImageUrl } }
} }"""
UNIONID = "o-union-to-be-forgotten-0001"


async def full_account(world: World, unionid: str | None = UNIONID) -> dict[str, Any]:
    """Somebody with everything: two mini programs, profile, avatar, phone."""
    first, second = world.appids
    openid = await world.person(appid=first, unionid=unionid, phone="13800138000")
    other = await world.person(appid=second, unionid=unionid) if unionid else None
    signed_in = await world.sign_in(openid, first)
    tokens = [signed_in["token"]]
    if other:
        tokens.append((await world.sign_in(other, second))["token"])
    url = await upload(world, tokens[0])
    await do(
        world, UPDATE_PROFILE, tokens[0], input={"fields": {"nickname": "遗忘之人", "avatarUrl": url, "city": "忘川"}}
    )
    await do(world, BIND_PHONE, tokens[0], input={"code": (await phone_event(world, openid))["code"]})
    made = await world.ask(SHARE, tokens[0])
    image = made["data"]["createShare"]["share"]["codeImageUrl"]
    return {
        "openid": openid,
        "other": other,
        "tokens": tokens,
        "url": url,
        "id": signed_in["user"]["id"],
        "image": image,
    }


async def test_everything_held_is_exported(world: World) -> None:
    account = await full_account(world)
    stranger = await world.sign_in()

    exported = (await world.ask(EXPORT, account["tokens"][0]))["data"]["exportMyData"]
    of_stranger = (await world.ask(EXPORT, stranger["token"]))["data"]["exportMyData"]

    assert exported["user"]["nickname"] == "遗忘之人"
    assert exported["user"]["unionid"] == UNIONID
    assert exported["phone"]["number"] == "+8613800138000"
    assert {identity["openid"] for identity in exported["identities"]} == {account["openid"], account["other"]}
    assert len(exported["sessions"]) == 2
    assert [media["key"] for media in exported["media"]] == [account["url"].split("/media/")[1]]
    assert exported["user"]["createdAt"].endswith("Z")
    text = json.dumps(exported)
    assert [token for token in account["tokens"] if token in text] == []
    assert account["openid"] not in json.dumps(of_stranger)


async def test_deleting_needs_a_fresh_code_of_the_same_person(world: World) -> None:
    account = await full_account(world)
    stranger = await world.person()
    used = await world.code(account["openid"])
    await world.login(used)

    refused = [
        await do(world, DELETE_ACCOUNT, account["tokens"][0], code=code)
        for code in (await world.code(stranger), used, "nonsense", "")
    ]

    assert [result["code"] for result in refused] == ["LOGIN_CODE_INVALID"] * 3 + ["INVALID_INPUT"]
    assert (await me(world, account["tokens"][0]))["nickname"] == "遗忘之人"
    assert (await world.api.get(account["url"])).status_code == 200


async def test_a_deleted_account_leaves_an_empty_row(world: World) -> None:
    account = await full_account(world)

    deleted = await do(world, DELETE_ACCOUNT, account["tokens"][0], code=await world.code(account["openid"]))

    assert deleted == {"__typename": "DeleteAccountSuccess", "deleted": True}
    for token in account["tokens"]:
        assert error_codes(await world.ask(ME, token)) == ["UNAUTHENTICATED", "UNAUTHENTICATED"]
    assert await world.read(count_what_is_owned) == [0, 0, 0, 0]
    row = await world.read(lambda: User.get(id=account["id"]))
    kept = {name: value for name, value in vars(row).items() if name in row._meta.db_fields and value is not None}
    assert set(kept) == {"id", "gender", "is_operator", "unpaid_orders", "created_at", "deleted_at"}
    assert (row.gender, row.is_operator, row.unpaid_orders) == (0, False, 0)
    assert [(await world.api.get(account[name])).status_code for name in ("url", "image")] == [404, 404]


async def count_what_is_owned() -> list[int]:
    return [await model.all().count() for model in (Identity, Session, Phone, Media)]


async def test_the_same_person_comes_back_as_somebody_new(world: World) -> None:
    account = await full_account(world)
    await do(world, DELETE_ACCOUNT, account["tokens"][0], code=await world.code(account["openid"]))

    again = await world.sign_in(account["openid"], world.appids[0])
    bound = await do(
        world,
        BIND_PHONE,
        again["token"],
        input={"code": (await phone_event(world, account["openid"]))["code"]},
    )

    assert again["isNewUser"] is True
    assert again["user"]["id"] != account["id"]
    assert bound["user"]["phone"]["number"] == "+8613800138000"
    assert bound["user"]["nickname"] is None


async def test_a_dump_holds_no_trace_of_a_deleted_account(databases: Databases) -> None:
    url = databases.fresh()
    async with open_world(url) as world:
        account = await full_account(world)
        traces = [account["openid"], account["other"], UNIONID, "遗忘之人", "忘川", account["url"].split("/")[-1]]
        traces += await world.read(what_is_stored)
        before = databases.dump(url)
        await do(world, DELETE_ACCOUNT, account["tokens"][0], code=await world.code(account["openid"]))
        after = databases.dump(url)

    assert len(traces) == 20
    assert [trace for trace in traces if trace.encode() not in before] == []
    assert [trace for trace in traces if trace.encode() in after] == []


async def what_is_stored() -> list[str]:
    """Every value of the rows of the one account that is there which says who somebody is, or signs for them."""
    identities, sessions = await Identity.all(), await Session.all()
    [phone], [share] = await Phone.all(), await Share.all()
    return [
        *(identity.session_key for identity in identities),
        *(session.token_hash for session in sessions),
        phone.number,
        phone.blind_index,
        share.title,
        share.page,
        share.content_hash,
        str(share.code_image_key),
        *(identity.id for identity in identities),
        *(session.id for session in sessions),
    ]


async def test_a_picture_that_could_not_be_removed_is_removed_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await full_account(world)
    with monkeypatch.context() as patched:
        patched.setattr(world.application.process.media, "delete", store_is_away)
        deleted = await do(world, DELETE_ACCOUNT, account["tokens"][0], code=await world.code(account["openid"]))
        await quiet()
        still_there = (await world.api.get(account["url"])).status_code

    await upload(world, (await world.sign_in())["token"])
    await quiet()

    assert deleted["__typename"] == "DeleteAccountSuccess"
    assert still_there == 200
    assert (await world.api.get(account["url"])).status_code == 404
    assert (await world.api.get(account["image"])).status_code == 404


async def store_is_away(_key: object) -> None:
    raise Unavailable("away")


async def test_an_upload_that_a_deletion_overtakes_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    openid = await world.person()
    token = (await world.sign_in(openid))["token"]
    media = world.application.process.media
    put = media.put
    stored: list[MediaKey] = []

    async def put_after_the_deletion(key: MediaKey, content: bytes) -> None:
        await do(world, DELETE_ACCOUNT, token, code=await world.code(openid))
        await put(key, content)
        stored.append(key)

    monkeypatch.setattr(media, "put", put_after_the_deletion)

    answer = await world.api.post(
        "/uploads/avatar",
        files={"file": ("a.png", picture(), "image/png")},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 401
    assert len(stored) == 1
    assert not await media.exists(stored[0])


async def test_a_reader_beside_does_not_fail_a_deletion_that_happened(sqlite: SqliteFolder) -> None:
    url = sqlite.fresh()
    async with open_world(url) as world:
        openid = await world.person()
        token = (await world.sign_in(openid))["token"]
        with sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM users").fetchall()
            deleted = await do(world, DELETE_ACCOUNT, token, code=await world.code(openid))
            reader.execute("ROLLBACK")

        assert deleted["__typename"] == "DeleteAccountSuccess"
        assert (await world.sign_in(openid))["isNewUser"] is True


async def test_deleting_while_signing_in_leaves_nothing_half_done(world: World) -> None:
    openid = await world.person(unionid=None)
    token = (await world.sign_in(openid))["token"]
    codes = [await world.code(openid) for _ in range(6)]

    results = await asyncio.gather(
        do(world, DELETE_ACCOUNT, token, code=codes[0]), *(world.login(code) for code in codes[1:])
    )

    assert results[0]["__typename"] == "DeleteAccountSuccess"
    assert {result["__typename"] for result in results[1:]} == {"LoginSuccess"}
    users = await world.read(User.all)
    assert [(user.deleted_at is None, await owned(world, user.id) > 0) for user in users] in (
        [(False, False)],
        [(False, False), (True, True)],
    )
    assert sum(user.deleted_at is None for user in users) <= 1


async def owned(world: World, user_id: str) -> int:
    return await world.read(lambda: Identity.filter(user_id=user_id).count())
