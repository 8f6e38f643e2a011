"""The two routes of pictures in a small application, with a real store in a folder and two people who have tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from models.accounts import Identity, Session, User
from resolvers.context import Context, Services
from server.media_route import MediaFiles
from server.uploads import AvatarUploads, UploadLimits
from services.accounts.sessions import Viewer
from services.media.avatars import AvatarKeeper
from services.media.locations import Folder
from services.media.store import MediaStore, open_store
from services.media.workshop import open_workshop

PUBLIC_URL = "https://shop.example"
ALICE, BOB = "token-of-alice", "token-of-bob"
BOUNDARY = "----WebKitFormBoundaryAppletQL"


@dataclass
class House:
    """`recorded` are user and key of every upload that was written down."""

    http: httpx.AsyncClient
    store: MediaStore
    folder: Path
    recorded: list[tuple[str, str]] = field(default_factory=list)
    recording_fails: Exception | None = None

    async def upload(self, data: bytes, token: str | None = ALICE, **given: Any) -> httpx.Response:
        """As `wx.uploadFile` does it, a text field beside the file included."""
        body = form(("user", None, b"test"), ("file", "avatar.jpg", data))
        return await self.send(body, token, **given)

    async def send(
        self, body: Any, token: str | None = ALICE, content_type: str | None = None, **headers: str
    ) -> httpx.Response:
        sent = {"Content-Type": content_type or f"multipart/form-data; boundary={BOUNDARY}", **headers}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return await self.http.post("/uploads/avatar", content=body, headers=sent)

    def stored(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def is_untouched(self) -> bool:
        return not self.recorded and not self.stored()


def form(*parts: tuple[str, str | None, bytes], end: bytes = b"--\r\n") -> bytes:
    """Name, file name and content of each part."""
    body = b""
    for name, filename, content in parts:
        described = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
        kind = "\r\nContent-Type: image/jpeg" if filename is not None else ""
        body += f"--{BOUNDARY}\r\nContent-Disposition: {described}{kind}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}".encode() + end


@asynccontextmanager
async def open_house(folder: Path, limits: UploadLimits | None = None) -> AsyncIterator[House]:
    store = open_store(Folder(folder))
    async with open_workshop() as workshop:

        async def record(viewer: Viewer, key: str) -> None:
            if house.recording_fails is not None:
                raise house.recording_fails
            if (viewer.user.id, key) not in house.recorded:  # told before the file is stored, and again after it
                house.recorded.append((viewer.user.id, key))

        keeper = AvatarKeeper(workshop, store, record)
        application = Starlette(
            routes=[
                Route("/uploads/avatar", AvatarUploads(build_context, lambda: keeper, PUBLIC_URL, limits)),
                Route("/media/{key:path}", MediaFiles(lambda: store)),
            ]
        )
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://media.test", timeout=30) as http:
            house = House(http, store, folder)
            yield house


async def build_context(request: Request) -> Context:
    """Who asks, by two tokens; everything else of a context is not used here."""
    given = request.headers.get("authorization")
    viewers = {f"Bearer {ALICE}": viewer("usr_alice"), f"Bearer {BOB}": viewer("usr_bob")}
    services = cast("Services", None)
    if given is None:
        return Context(services, viewer=None, has_bad_token=False)
    return Context(services, viewer=viewers.get(given), has_bad_token=given not in viewers)


def viewer(user_id: str) -> Viewer:
    user = User(id=user_id)
    return Viewer(Session(id="ses_1"), Identity(id="idn_1"), user)
