"""Settings: environment variables with the prefix APPLETQL_ (and `.env`), read once, secrets masked in every repr."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.media.locations import parse_location

PREFIX = "APPLETQL_"
WECHAT_API_URL = "https://api.weixin.qq.com"
PAY_API_URL = "https://api.mch.weixin.qq.com"


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
    wechat_timeout: float = Field(default=2.5, gt=0, le=10)
    pay_api_url: str = PAY_API_URL
    mchid: str | None = Field(default=None, pattern=r"^[0-9]{6,32}$")
    mch_serial: str | None = Field(default=None, pattern=r"^[0-9A-Fa-f]{8,64}$")
    mch_key_file: Path | None = None
    apiv3_key: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    pay_public_key_id: str | None = Field(default=None, pattern=r"^PUB_KEY_ID_[0-9]{1,64}$")
    pay_public_key_file: Path | None = None
    alert_webhook_url: SecretStr | None = None
    order_ttl: int = Field(default=30, ge=5, le=110)
    public_url: str | None = None
    graphiql: bool | None = None
    media_url: SecretStr = SecretStr("file://./media")
    content_check_fallback: Literal["refuse", "accept"] = "refuse"
    phone_conflict: Literal["refuse", "move"] = "refuse"
    phone_data_max_age: int = Field(default=300, ge=10, le=86_400)
    operation_timeout: float = Field(default=15.0, gt=0, le=60)
    drain_seconds: float = Field(default=2.0, ge=0, le=10)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("secret_keys", "apiv3_key", mode="before")
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
        text = value.get_secret_value()
        if not text.startswith(("sqlite://", "postgres://", "postgresql://")):
            raise ValueError("must start with sqlite:// or postgres://")
        if not _has_readable_parts(text):
            raise ValueError("cannot be read; percent-encode what is special in the user and the password")
        if text.startswith("sqlite://") and not any((urlsplit(text).netloc, urlsplit(text).path)):
            raise ValueError("names no file: sqlite://./appletql.db is one in this folder")
        return value

    @field_validator("media_url")
    @classmethod
    def _known_store(cls, value: SecretStr) -> SecretStr:
        parse_location(value.get_secret_value())  # its message quotes nothing
        return value

    @field_validator("alert_webhook_url")
    @classmethod
    def _known_webhook(cls, value: SecretStr | None) -> SecretStr | None:
        # Chat systems put a token into its query, as WeCom does.
        if value is not None and not _is_plain_address(value.get_secret_value().partition("?")[0]):
            raise ValueError("must be an http or https address without a password before the host")
        return value

    @field_validator("wechat_api_url", "pay_api_url", "public_url")
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
    def own_url(self) -> str:
        """This server's address as phones reach it: PUBLIC_URL, or where it listens, which does for development."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def pictures_url(self) -> str | None:
        """Where phones find pictures: `own_url`, save in production without PUBLIC_URL, where it leads nowhere."""
        return None if self.is_production and self.public_url is None else self.own_url

    @property
    def sandbox_url(self) -> str | None:
        """The sandbox whose clock is followed: in development, whatever stands in WeChat's place; else none."""
        return None if self.is_production or self.wechat_api_url == WECHAT_API_URL else self.wechat_api_url

    @property
    def takes_payments(self) -> bool:
        """Whether a merchant account is configured; without one everything but paying works."""
        return self.mchid is not None

    @property
    def notify_url(self) -> str:
        """Where WeChat Pay sends its notifications."""
        return f"{self.own_url}/wechat/pay/notify"

    @property
    def mini_programs(self) -> tuple[AppSettings, ...]:
        """Every configured mini program, APPID's first."""
        if self.appid is None or self.appsecret is None:
            return self.apps
        return (AppSettings(appid=self.appid, secret=self.appsecret), *self.apps)


def read_database_url() -> str:
    """APPLETQL_DATABASE_URL, for commands that need nothing else; raises SettingsError for a fault of that alone."""
    return read_part("database_url").database_url.get_secret_value()


def read_part(*names: str) -> Settings:
    """The settings for a command that needs the fields `names` alone: others that have a fault are at their defaults.

    Raises SettingsError with the faults of `names`, and of `.env` as a whole.
    """
    try:
        return read_settings()
    except SettingsError as error:
        faulty = {fault: fault.setting.removeprefix(PREFIX).lower().partition("[")[0] for fault in error.faults}
    if faults := [fault for fault, name in faulty.items() if name in (*names, ".env")]:
        raise SettingsError(faults)
    return read_settings(**{name: Settings.model_fields[name].get_default() for name in faulty.values()})


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


def _has_readable_parts(text: str) -> bool:
    """The errors of urlsplit quote what they refuse, a password too: they end here."""
    try:
        parts = urlsplit(text)
        _ = text.startswith("sqlite://") or parts.port  # read to be checked; what stands in a path is no port
    except ValueError:
        return False
    return True


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
