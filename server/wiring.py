"""The composition root: opens everything once, hands it out, and closes it in the right order."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from domain.clock import BusinessClock, Clock, wire_clock
from models.database import open_database
from models.encryption import Cipher
from models.unit_of_work import UnitsOfWork
from resolvers.context import Services
from server.alerts import Webhook
from server.certificates import fresh_certificates
from server.merchant import open_pay
from server.sandbox_clock import SandboxClock
from server.serving_end import KEPT_AFTER_UNITS, Ending
from server.settings import Settings
from server.wiring_orders import Orders, Terms, open_orders
from server.wiring_worker import Workshift, make_workshift
from services.accounts.avatars import Avatars
from services.accounts.deletion import Deletion
from services.accounts.export import Export
from services.accounts.login import Login
from services.accounts.phones import Conflict, Phones
from services.accounts.profiles import Profiles
from services.accounts.session_keys import SessionKeys
from services.accounts.sessions import Sessions
from services.accounts.wechat_sessions import WeChatSessions
from services.background import Background
from services.catalogue.pictures import picture_check
from services.catalogue.products import Products
from services.check_allowance import CheckAllowance
from services.content_check import ContentCheck, Fallback
from services.keyed_hashes import KeyedHashes
from services.media.addresses import OwnPictures
from services.media.avatars import AvatarKeeper
from services.media.locations import parse_location
from services.media.product_pictures import ProductPictures
from services.media.store import MediaStore, open_store
from services.media.workshop import open_workshop
from services.mini_programs import MiniPrograms
from services.orders.departure import DepartingBuyer
from services.orders.stripping import Stripping
from services.payments.receiving import Receiving
from services.phone_data import PhoneData
from services.sharing.code_images import CodeImages
from services.sharing.shares import Shares
from services.sharing.views import ShareViews
from services.sharing.visits import Visits
from wechat.apps import App
from wechat.breaker import Breaker
from wechat.client import WeChat
from wechat.http import new_http_client


@dataclass(frozen=True)
class Process:
    """What the process has open."""

    services: Services
    units: UnitsOfWork
    media: MediaStore
    avatars: AvatarKeeper
    product_pictures: ProductPictures
    receiving: Receiving
    orders: Orders
    clock: Clock
    sandbox_clock: SandboxClock | None
    workshift: Workshift
    breakers: Mapping[str, Breaker]
    ending: Ending


@asynccontextmanager
async def open_services(settings: Settings, ending: Ending | None = None) -> AsyncIterator[Process]:
    """Everything that serving needs; raises Unavailable when the database or the media folder cannot be reached.

    Closing runs backwards, and within what is left of `ending`: calls to WeChat Pay, pictures that are being made,
    units of work, then their connections.
    """
    clock, ending = BusinessClock(), ending or Ending()
    async with AsyncExitStack() as stack:
        units = await _open_units(stack, settings, ending)
        wechat = await stack.enter_async_context(open_wechat(settings))
        workshop = await stack.enter_async_context(open_workshop())
        media = open_store(parse_location(settings.media_url.get_secret_value()))
        pictures, background = OwnPictures(settings.pictures_url), Background()
        stack.push_async_callback(background.aclose, 0.0)  # what is owed stays owed
        avatars = Avatars(units, media, clock, pictures, background)
        ground = _lay_ground(settings, units, clock)
        pay = await stack.enter_async_context(open_pay(settings))
        await stack.enter_async_context(fresh_certificates(pay))
        orders = await stack.enter_async_context(
            open_orders(units, pay, _terms(settings), ground.cipher, ground.hashes, clock, ending)
        )
        sandbox_clock = await _sandbox_clock(stack, settings, clock)
        webhook = await _webhook(stack, settings)
        yield Process(
            services=_services(ground, wechat, media, avatars, pictures, orders),
            units=units,
            receiving=orders.receiving,
            orders=orders,
            clock=clock,
            media=media,
            avatars=AvatarKeeper(workshop, media, avatars.claim),
            product_pictures=ProductPictures(workshop, media),
            sandbox_clock=sandbox_clock,
            breakers={"api": wechat.breaker} | ({} if pay is None else {"pay": pay.breaker}),
            workshift=make_workshift(
                units, orders, avatars, Stripping(units, ground.cipher), webhook, sandbox_clock, clock, ending
            ),
            ending=ending,
        )


@dataclass(frozen=True)
class _Ground:
    """What nearly every use case stands on."""

    settings: Settings
    units: UnitsOfWork
    cipher: Cipher
    hashes: KeyedHashes
    clock: Clock


def _lay_ground(settings: Settings, units: UnitsOfWork, clock: Clock) -> _Ground:
    cipher = Cipher([key.get_secret_value() for key in settings.secret_keys])
    return _Ground(settings, units, cipher, KeyedHashes(units, cipher, clock), clock)


def _services(
    ground: _Ground, wechat: WeChat, media: MediaStore, avatars: Avatars, pictures: OwnPictures, orders: Orders
) -> Services:
    settings, units, cipher, hashes, clock = ground.settings, ground.units, ground.cipher, ground.hashes, ground.clock
    apps = MiniPrograms(mini_program_credentials(settings))
    phone_data = PhoneData(units, cipher, wire_clock, timedelta(seconds=settings.phone_data_max_age))
    content = ContentCheck(wechat, apps, CheckAllowance(clock), Fallback(settings.content_check_fallback))
    conflict = Conflict(settings.phone_conflict)
    phones = Phones(units, wechat, apps, phone_data, cipher, hashes, clock, conflict)
    shares = Shares(units, ShareViews(units), content, pictures, clock)
    departing = DepartingBuyer(units, orders.closing, Stripping(units, cipher))
    return Services(
        login=Login(units, wechat, apps, cipher, hashes, clock),
        sessions=Sessions(units, clock),
        wechat_sessions=WeChatSessions(units, wechat, apps, cipher),
        profiles=Profiles(units, phone_data, content, avatars, pictures, clock),
        phones=phones,
        deletion=Deletion(units, wechat, apps, avatars, hashes, departing, SessionKeys(cipher), clock),
        export=Export(units, phones, pictures),
        shares=shares,
        share_visits=Visits(units, shares, phone_data, clock),
        code_images=CodeImages(units, wechat, apps, media, clock, pictures),
        pictures=pictures,
        orders=orders.reading,
        buying=orders.buying,
        refunding=orders.refunding,
        products=Products(units, picture_check(settings.pictures_url), clock),
    )


@asynccontextmanager
async def open_wechat(settings: Settings) -> AsyncIterator[WeChat]:
    """The wire to WeChat, or to what stands in its place; raises Misconfigured for an address that is none."""
    async with new_http_client() as http:
        wechat = WeChat(http, settings.wechat_api_url, deadline=settings.wechat_timeout)
        try:
            yield wechat
        finally:
            await wechat.aclose()


def mini_program_credentials(settings: Settings) -> list[App]:
    """The configured mini programs, in the order of the settings."""
    return [App(app.appid, app.secret.get_secret_value(), app.name) for app in settings.mini_programs]


def _terms(settings: Settings) -> Terms:
    appids = [app.appid for app in settings.mini_programs]
    return Terms(settings.notify_url, timedelta(minutes=settings.order_ttl), appids)


async def _open_units(stack: AsyncExitStack, settings: Settings, ending: Ending) -> UnitsOfWork:
    url, pool_size = settings.database_url.get_secret_value(), settings.database_pool_size
    units = await stack.enter_async_context(open_database(url, pool_size=pool_size, seconds_left=ending.left))

    async def close() -> None:
        await ending.let_end("units of work", units.drain, keeping=KEPT_AFTER_UNITS)

    stack.push_async_callback(close)
    return units


async def _webhook(stack: AsyncExitStack, settings: Settings) -> Webhook | None:
    if settings.alert_webhook_url is None:
        return None
    http = await stack.enter_async_context(new_http_client())
    return Webhook(http, settings.alert_webhook_url.get_secret_value())


async def _sandbox_clock(stack: AsyncExitStack, settings: Settings, clock: BusinessClock) -> SandboxClock | None:
    if settings.sandbox_url is None:
        return None
    http = await stack.enter_async_context(new_http_client())
    return SandboxClock(http, settings.sandbox_url, clock)
