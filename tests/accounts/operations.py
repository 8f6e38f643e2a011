"""The operations about profile, phone and data, as a mini program sends them."""

from typing import Any

from tests import canaries
from tests.world import World

PROBLEM = """
    ... on Problem { code message recovery }
    ... on InvalidInput { field issues { field message } }
    ... on WeChatProblem { errcode }
"""
USER = "id nickname avatarUrl gender country province city language phone { number masked countryCode boundAt }"
UPDATE_PROFILE = (
    "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename "
    f"... on UpdateProfileSuccess {{ user {{ {USER} }} }} {PROBLEM} }} }}"
)
BIND_PHONE = (
    "mutation ($input: BindPhoneInput!) { bindPhone(input: $input) { __typename "
    f"... on BindPhoneSuccess {{ user {{ {USER} }} }} {PROBLEM} }} }}"
)
UNBIND_PHONE = (
    f"mutation {{ unbindPhone {{ __typename ... on UnbindPhoneSuccess {{ user {{ {USER} }} }} {PROBLEM} }} }}"
)
DELETE_ACCOUNT = (
    "mutation ($code: String!) { deleteAccount(code: $code) { __typename "
    f"... on DeleteAccountSuccess {{ deleted }} {PROBLEM} }} }}"
)
EXPORT = "{ exportMyData }"
ME = f"{{ me {{ {USER} }} }}"


async def do(world: World, operation: str, token: str | None, **variables: Any) -> dict[str, Any]:
    """The result of a mutation, whatever member of its union it is."""
    answer = await world.ask(operation, token, variables)
    assert "errors" not in answer, answer
    [result] = answer["data"].values()
    found: dict[str, Any] = result
    return found


async def me(world: World, token: str) -> dict[str, Any]:
    answer = await world.ask(ME, token)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["me"]
    return found


async def user_info(world: World, openid: str, **given: Any) -> dict[str, Any]:
    """What wx.getUserInfo gives."""
    return await world.order("wx/getUserInfo", {"openid": openid, **given})


async def phone_event(world: World, openid: str, **given: Any) -> dict[str, Any]:
    """What the phone button gives."""
    event = await world.order("wx/getPhoneNumber", {"openid": openid, **given})
    canaries.add(event["code"])
    return event


def encrypted(data: dict[str, Any]) -> dict[str, Any]:
    return {"encrypted": {"encryptedData": data["encryptedData"], "iv": data["iv"]}}


def signed(data: dict[str, Any]) -> dict[str, Any]:
    return {"signed": {"rawData": data["rawData"], "signature": data["signature"]}}
