"""What `appletql dev` has on its shelves."""

from services.catalogue.import_lines import Line
from services.catalogue.imports import Imported, Imports, no_progress

_PRODUCTS: tuple[tuple[str, str, int, int | None], ...] = (
    ("龙井茶 Longjing tea, 100 g", "雨前采摘。Picked before the rains.", 8_800, None),
    ("铁观音 Tieguanyin tea, 250 g", "安溪乌龙茶。Oolong from Anxi.", 12_850, 200),
    ("白瓷盖碗 White porcelain gaiwan", "景德镇制。From Jingdezhen, 150 ml.", 6_900, 40),
    ("竹茶盘 Bamboo tea tray", "手工制作。Made by hand, each a little different.", 15_900, 5),
    ("茶点礼盒 Box of tea pastries", "绿豆糕与桂花糕各六块。Six of mung bean, six of osmanthus.", 4_250, 100),
    ("一分钱样品 Sample for one fen", "用来试一次支付。To try a payment.", 1, 1_000),
)


def demo_lines() -> list[Line]:
    """The demo products, their keys `demo-1` and so on; the first has no counted stock."""
    return [
        Line(
            place=f"demo {number}",
            key=f"demo-{number}",
            fields={"title": title, "description": description, "price": price, "stock": stock, "for_sale": True},
        )
        for number, (title, description, price, stock) in enumerate(_PRODUCTS, 1)
    ]


async def fill_if_empty(imports: Imports) -> Imported | None:
    """Imports them into a catalogue that has no product at all; else None."""
    return await imports.write_if_empty(demo_lines(), no_progress)
