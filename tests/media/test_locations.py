"""The setting that says where pictures are kept."""

from pathlib import Path

import pytest

from services.media.locations import Bucket, Folder, parse_location

SECRET = "s/e+c%r:e@t"
ENCODED = "s%2Fe%2Bc%25r%3Ae%40t"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file://./media", "media"),
        ("file:///var/lib/appletql/media", "/var/lib/appletql/media"),
        ("file://media", "media"),
        ("file:///tmp/a%20b", "/tmp/a b"),  # noqa: S108  (only a name)
    ],
)
def test_a_folder(text: str, path: str) -> None:
    assert parse_location(text) == Folder(Path(path))


def test_a_bucket_at_tencent() -> None:
    found = parse_location(
        f"s3://AKID:{ENCODED}@shop-1250000000/media/v1?region=ap-guangzhou"
        "&endpoint=https://cos.ap-guangzhou.myqcloud.com"
    )
    assert found == Bucket(
        "shop-1250000000",
        "media/v1",
        "ap-guangzhou",
        "https://cos.ap-guangzhou.myqcloud.com",
        has_own_host=True,
        key_id="AKID",
        secret=SECRET,
    )
    assert isinstance(found, Bucket)
    assert found.address == "https://shop-1250000000.cos.ap-guangzhou.myqcloud.com"
    assert SECRET not in repr(found)


def test_a_bucket_at_amazon_and_one_of_minio() -> None:
    amazon = parse_location("s3://ID:secret@shop?region=eu-central-1")
    minio = parse_location("s3://ID:secret@shop/?region=x&endpoint=http://127.0.0.1:9000/&addressing=path")
    assert isinstance(amazon, Bucket)
    assert isinstance(minio, Bucket)
    assert (amazon.address, amazon.prefix) == ("https://shop.s3.eu-central-1.amazonaws.com", "")
    assert (minio.address, minio.has_own_host) == ("http://127.0.0.1:9000", False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "media",
        "/var/lib/media",
        "file://",
        "s3://",
        "s3://shop",
        "s3://shop?region=a",
        f"s3://ID:{ENCODED}@shop",
        f"s3://ID:{ENCODED}@shop?region=",
        f"s3://ID:{ENCODED}@shop?region=a&region",
        f"s3://ID:{ENCODED}@Shop?region=a",
        f"s3://ID:{ENCODED}@sh?region=a",
        f"s3://ID:{ENCODED}@sho/../p?region=a",
        f"s3://ID:{ENCODED}@shop?region=a&token=b",
        f"s3://ID:{ENCODED}@shop?region=a&endpoint=ftp://b",
        f"s3://ID:{ENCODED}@shop?region=a&endpoint=https://user@b",
        f"s3://ID:{ENCODED}@shop?region=a&addressing=b",
        f"s3://ID:{ENCODED}@shop?region=a#b",
        f"s3://:{ENCODED}@shop?region=a",
        "s3://ID@shop?region=a",
        f"s3://ID:{ENCODED}@[shop?region=a",
        f"http://ID:{ENCODED}@shop?region=a",
    ],
)
def test_what_is_no_location_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be file://FOLDER or s3://") as caught:
        parse_location(text)
    assert "%2F" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
