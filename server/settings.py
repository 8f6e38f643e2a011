"""Settings: environment variables with the prefix APPLETQL_ (and `.env`), read once, secrets masked in every repr."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "APPLETQL_"
WECHAT_API_URL = "https://api.weixin.qq.com"


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the settings; the message never holds a value."""

    setting: str
    message: str

    def __str__(self) -> str:
        """As it is printed."""
        return f"{self.setting}: {self.message}"


class SettingsError(Exception):
    """The settings cannot be used; `faults` lists everything at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class AppSettings(BaseModel, frozen=True, hide_input_in_errors=True):
    """One mini program."""

    appid: str = Field(pattern=r"^wx[0-9A-Za-z]{4,30}$")
    secret: SecretStr = Field(min_length=1)
    name: str = ""


class Settings(BaseSettings):
    """Everything that can be set; `missing_for_serving` in `server.settings_rules` says what serving needs of it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    environment: Literal["development", "production"] = "production"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    database_url: SecretStr = SecretStr("sqlite://./appletql.db")
    database_pool_size: int = Field(default=10, ge=2, le=200)
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    appid: str | None = Field(default=None, pattern=r"^wx[0-9A-Za-z]{4,30}$")
    appsecret: SecretStr | None = Field(default=None, min_length=1)
    apps: Annotated[tuple[AppSettings, ...], NoDecode] = ()
    wechat_api_url: str = WECHAT_API_URL
    wechat_timeout: float = Field(default=2.5, gt=0, le=30)
    public_url: str | None = None
    graphiql: bool | None = None
    operation_timeout: float = Field(default=10.0, gt=0, le=60)
    drain_seconds: float = Field(default=2.0, ge=0, le=30)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("apps", mode="before")
    @classmethod
    def _json_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('must be a JSON list, as in [{"appid": "wx…", "secret": "…", "name": "shop"}]') from None

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite://", "postgres://", "postgresql://")):
            raise ValueError("must start with sqlite:// or postgres://")
        return value

    @field_validator("wechat_api_url", "public_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not _is_plain_address(value):
            raise ValueError("must be an http or https address without a query or a password")
        return value if value is None else value.rstrip("/")

    @property
    def is_production(self) -> bool:
        """Whether nothing is taken for granted."""
        return self.environment == "production"

    @property
    def has_graphiql(self) -> bool:
        """GraphiQL, GET queries, introspection and suggestions: on in development, elsewhere only when said so."""
        return not self.is_production if self.graphiql is None else self.graphiql

    @property
    def sandbox_url(self) -> str | None:
        """The sandbox whose clock is followed: in development, whatever stands in WeChat's place; else none."""
        return None if self.is_production or self.wechat_api_url == WECHAT_API_URL else self.wechat_api_url

    @property
    def mini_programs(self) -> tuple[AppSettings, ...]:
        """Every configured mini program, APPID's first."""
        if self.appid is None or self.appsecret is None:
            return self.apps
        return (AppSettings(appid=self.appid, secret=self.appsecret), *self.apps)


def read_settings(**overrides: Any) -> Settings:
    """The settings of the environment; raises SettingsError with every value that cannot be read.

    `overrides` (by field name) win over the environment.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = [_fault(dict(found)) for found in error.errors(include_input=False)]
    except UnicodeDecodeError:
        faults = [Fault(".env", "is not in UTF-8; save it again in that encoding")]
    except OSError as error:
        faults = [Fault(".env", f"cannot be read ({type(error).__name__})")]
    # Raised here and not above, so that it has no context: that would hold the values.
    raise SettingsError(faults)


def _is_plain_address(text: str) -> bool:
    """The errors of urlsplit quote what they refuse, a password too: they end here."""
    try:
        address = urlsplit(text)
        _ = address.port  # read to be checked
    except ValueError:
        return False
    has_host = address.scheme in ("http", "https") and bool(address.hostname)
    return has_host and "@" not in address.netloc and not set(text) & set("?# ")


def _fault(found: dict[str, Any]) -> Fault:
    name, *path = found["loc"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return Fault(f"{PREFIX}{str(name).upper()}{where}", str(found["msg"]).removeprefix("Value error, "))
