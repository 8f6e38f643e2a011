"""Hostile files: bombs, other formats, polyglots. Made without ever holding what they would decode to."""

import io
import re
import struct
import zipfile
import zlib
from functools import cache

from PIL import Image

from services.media.refusals import Damaged, ImageRefused, NotAnImage, TooLarge, TooManyPixels
from tests.media.pictures import CANARY, chunk, encoded, plain, png, quarters, segment

MEBIBYTE = 1024 * 1024
Refused = dict[str, tuple[bytes, type[ImageRefused]]]


@cache
def refused() -> Refused:
    """Files by name that must be refused, and as what."""
    return {**_bombs(), **_of_other_formats(), **_broken()}


@cache
def survived() -> dict[str, bytes]:
    """Files by name that look dangerous, and from which a clean picture can be made."""
    jpeg, script = plain("JPEG"), CANARY.encode()
    texts = b"".join(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(MEBIBYTE), 9)) for _ in range(200))
    return {
        "PNG of exactly the memory allowed": png(4096, 3072, 8, 6),
        "PNG of 39 million grey pixels": png(6250, 6250, 1, 0),
        "PNG of 16 bits a channel": png(3500, 3500, 16, 6),
        "PNG with 200 MiB of text": png(9, 9, extra=texts),
        "PNG with a profile that explodes": png(9, 9, extra=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(MEBIBYTE)))),
        "WebP of exactly the memory allowed": plain("WEBP", (2048, 1536)),
        "JPEG in several scans of 6 million pixels": encoded(
            Image.new("RGB", (2500, 2400)), "JPEG", progressive=True, subsampling="4:4:4"
        ),
        "JPEG of 36 million pixels": encoded(Image.new("L", (6000, 6000)), "JPEG"),
        "JPEG with 5,000 EXIF tags": jpeg[:2] + segment(0xE1, b"Exif\0\0" + _many_tags()) + jpeg[2:],
        "GIF with a comment of 1 MiB": _gif_with_comment(),
        "GIF with a script": plain("GIF") + b"*/=1;" + script,
        "JPEG with an archive": jpeg + _archive(),
        "JPEG with an archive inside": jpeg[:2] + segment(0xFE, _archive()) + jpeg[2:],
        "PNG with a page": plain("PNG") + b"<html>" + script + b"</html>",
        "WebP with a page": plain("WEBP") + b"<html>" + script + b"</html>",
        "one pixel": plain("PNG", (1, 1)),
        "a line": plain("PNG", (1, 10_000)),
        "a line of JPEG": plain("JPEG", (10_000, 1)),
    }


def _bombs() -> Refused:
    return {
        "PNG of 400 million pixels": (png(20_000, 20_000), TooManyPixels),
        "PNG of 13 million coloured pixels": (png(4096, 3073, 8, 6), TooManyPixels),
        "PNG that says it is larger still": (_png_header(2**31 - 1, 2**31 - 1), TooManyPixels),
        "GIF with a huge screen": (_gif(65_535, 65_535), TooManyPixels),
        "GIF whose picture is beyond its screen": (_gif(1, 1, at=(65_000, 65_000)), TooManyPixels),
        "WebP without loss": (_webp(b"VP8L", b"\x2f" + struct.pack("<L", 2**28 - 1)), TooManyPixels),
        "WebP with a huge canvas": (_webp(b"VP8X", bytes(4) + b"\xff" * 6), TooManyPixels),
        "WebP of a photograph": (_webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + b"\xff\x3f" * 2), TooManyPixels),
        "WebP one line beyond": (plain("WEBP", (2048, 1537)), TooManyPixels),
        "WebP larger inside than outside": (_webp_larger_inside(), Damaged),
        "JPEG of 4 billion pixels": (_jpeg(65_535, 65_535), TooManyPixels),
        "JPEG that is long and narrow": (_jpeg(600, 65_535), TooManyPixels),
        "JPEG in scans that are all held": (_jpeg(5000, 5000, components=1), TooManyPixels),
        "JPEG of 10,000 scans": (_many_scans(10_000), Damaged),
        "JPEG of 33 scans": (_many_scans(28), Damaged),
        "JPEG of 300,000 comments": (b"\xff\xd8" + segment(0xFE, b"") * 300_000, Damaged),
        "PNG of 170,000 chunks": (png(9, 9, extra=chunk(b"tEXt", b"") * 170_000), Damaged),
        "GIF of 600,000 extensions": (_gif(9, 9)[:19] + b"!\xfe\0" * 600_000, Damaged),
        "WebP of 200,000 chunks": (_webp(b"VP8X", bytes(10), b"XXXX\0\0\0\0" * 200_000), Damaged),
    }


def _of_other_formats() -> Refused:
    image = quarters()
    files = {
        "nothing": b"",
        "one byte": b"\xff",
        "SVG": f'<svg xmlns="http://www.w3.org/2000/svg">{CANARY}</svg>'.encode(),
        "HTML": f"<!doctype html><html>{CANARY}</html>".encode(),
        "script": b"alert(1)",
        "PDF": b"%PDF-1.7\n1 0 obj<<>>endobj",
        "PostScript": encoded(image, "EPS"),
        "TIFF": encoded(image, "TIFF"),
        "BMP": encoded(image, "BMP"),
        "ICO": encoded(image, "ICO"),
        "PPM": encoded(image, "PPM"),
        "JPEG 2000": encoded(image, "JPEG2000"),
        "AVIF": encoded(image, "AVIF"),
        "TGA": encoded(image, "TGA"),
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64),
        "PSD": b"8BPS\0\x01" + bytes(64),
        "archive": _archive(),
        "text": CANARY.encode(),
        "JPEG after a space": b" " + plain("JPEG"),
        "page before a PNG": b"<html></html>" + plain("PNG"),
        "RIFF that is a sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(64),
    }
    return {name: (content, NotAnImage) for name, content in files.items()}


def _broken() -> Refused:
    jpeg, whole_png = plain("JPEG"), plain("PNG")
    return {
        "one byte too many": (plain("PNG") + bytes(2 * MEBIBYTE + 1 - len(whole_png)), TooLarge),
        "GIF that is a script from its width on": (b"GIF89a/*" + CANARY.encode() + b"*/=1;alert(1)", Damaged),
        "JPEG without a picture": (b"\xff\xd8" + segment(0xFE, CANARY.encode()) + b"\xff\xd9", Damaged),
        "JPEG of two frames": (jpeg[:2] + _start_of_frame(8, 8) + jpeg[2:], Damaged),
        "JPEG without loss": (jpeg.replace(b"\xff\xc0", b"\xff\xc3", 1), Damaged),
        "JPEG with arithmetic codes": (jpeg.replace(b"\xff\xc0", b"\xff\xc9", 1), Damaged),
        "JPEG without a height": (_jpeg(8, 0), Damaged),
        "JPEG that only begins like one": (b"\xff\xd8\xff" + b"<script>" * 9000, Damaged),
        "PNG without a header": (whole_png[:8] + whole_png[33:], Damaged),
        "PNG of two headers": (whole_png[:33] + whole_png[8:], Damaged),
        "PNG without a width": (_png_header(0, 9), Damaged),
        "PNG with a wrong checksum": (whole_png[:-20] + bytes(4) + whole_png[-16:], Damaged),
        "PNG of a phone's own kind": (whole_png[:8] + chunk(b"CgBI", bytes(4)) + whole_png[8:], Damaged),
        "GIF without a picture": (_gif(9, 9)[:19] + b";", Damaged),
        "WebP without a picture": (_webp(b"ICCP", b"1234"), Damaged),
        "WebP whose chunk is too long": (b"RIFF\x0c\0\0\0WEBPVP8L\xff\0\0\0", Damaged),
    }


def _png_header(width: int, height: int) -> bytes:
    header = struct.pack(">LLBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def _gif(width: int, height: int, at: tuple[int, int] = (0, 0)) -> bytes:
    """A screen, and a picture of one pixel somewhere."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", *at, 1, 1, 0) + b"\x02\x02\x44\x01\0;"


def _gif_with_comment() -> bytes:
    block = b"\xff" + CANARY.encode().ljust(255)
    screen = _gif(9, 9)
    return screen[:19] + b"!\xfe" + block * 4096 + b"\0" + screen[19:]


def _webp(kind: bytes, content: bytes, more: bytes = b"") -> bytes:
    chunks = kind + struct.pack("<L", len(content)) + content + b"\0" * (len(content) % 2) + more
    return b"RIFF" + struct.pack("<L", 4 + len(chunks)) + b"WEBP" + chunks


def _webp_larger_inside() -> bytes:
    inside = b"\x2f" + struct.pack("<L", 2**28 - 1) + bytes(3)
    return _webp(b"VP8X", bytes(4) + b"\x09\0\0" * 2, b"VP8L" + struct.pack("<L", len(inside)) + inside)


def _start_of_frame(width: int, height: int) -> bytes:
    components = b"\x01\x11\0\x02\x11\0\x03\x11\0"
    return segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + components)


def _jpeg(width: int, height: int, components: int = 3) -> bytes:
    """A header, and a first scan of so many components without content."""
    scan = bytes((components,)) + b"".join(bytes((number + 1, 0)) for number in range(components)) + b"\0\x3f\0"
    return b"\xff\xd8" + _start_of_frame(width, height) + segment(0xDA, scan) + b"\xff\xd9"


def _many_scans(more: int) -> bytes:
    """A progressive picture of 2.6 million pixels whose last scan, 33 bytes long, comes again and again."""
    whole = encoded(Image.new("L", (1600, 1600), 100), "JPEG", progressive=True)
    last = [found.start() for found in re.finditer(rb"\xff\xda", whole)][-1]
    return whole[:-2] + whole[last:-2] * more + whole[-2:]


def _many_tags() -> bytes:
    """Tags that all say they hold the same 60,000 bytes."""
    tags = b"".join(struct.pack("<HHLL", 1000 + number, 7, 60_000, 0) for number in range(5000))
    return b"II*\0" + struct.pack("<LH", 8, 5000) + tags[:60_000]


def _archive() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("index.html", CANARY)
    return output.getvalue()
