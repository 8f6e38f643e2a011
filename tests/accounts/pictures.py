"""Pictures as wx.uploadFile sends them."""

import io

from PIL import Image

from tests.world import World


def picture(colour: tuple[int, int, int] = (200, 30, 60), size: tuple[int, int] = (64, 48), kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, kind)
    return content.getvalue()


async def upload(world: World, token: str, content: bytes | None = None) -> str:
    """The address of an uploaded avatar."""
    answer = await world.api.post(
        "/uploads/avatar",
        files={"file": ("tmp.png", content or picture(), "image/png")},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])
