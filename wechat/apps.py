"""A mini program's credentials."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class App:
    """One mini program: its appid, its AppSecret, and a name for people."""

    appid: str
    secret: str = field(repr=False)
    name: str = ""
