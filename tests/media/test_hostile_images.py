"""Hostile pictures: each is refused with a name, or a clean picture is made of it; nothing else can happen."""

import random
import time

import pytest

from services.media.images import LARGEST_FILE, prepare_avatar
from services.media.refusals import ImageRefused, Truncated
from tests.media.hostile import refused, survived
from tests.media.pictures import CANARY, FORMATS, encoded, opened, plain, quarters, with_metadata

SECONDS = 5  # on a machine that others use too; each takes well under one


@pytest.mark.parametrize("name", refused())
def test_a_hostile_file_is_refused_by_name(name: str) -> None:
    # given
    data, kind = refused()[name]
    started = time.perf_counter()
    # when
    with pytest.raises(kind) as caught:
        prepare_avatar(data)
    # then
    assert type(caught.value) is kind
    assert caught.value.code == "BAD_REQUEST"
    assert CANARY not in caught.value.message
    assert time.perf_counter() - started < SECONDS


@pytest.mark.parametrize("name", survived())
def test_a_dangerous_file_becomes_a_clean_picture(name: str) -> None:
    # given
    data = survived()[name]
    assert len(data) <= LARGEST_FILE
    started = time.perf_counter()
    # when
    content = prepare_avatar(data).content
    # then
    assert is_clean(content)
    assert time.perf_counter() - started < SECONDS


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_cut_off_anywhere_is_refused(kind: str) -> None:
    # given
    data = encoded(quarters(200), kind)
    # when
    outcomes = {length: outcome(data[:length]) for length in cuts(data)}
    # then
    assert outcome(data) == "clean"
    kept = {length for length, found in outcomes.items() if found == "clean"}
    assert kept <= ({len(data) - 1} if kind == "GIF" else set())  # its last byte says only that no frame follows
    assert Truncated.__name__ in outcomes.values()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_cut_off_within_its_metadata_is_refused(kind: str) -> None:
    data = with_metadata(kind).removesuffix(CANARY.encode())
    assert {outcome(data[:length]) for length in cuts(data)[:-1]} <= {"Truncated", "NotAnImage"}


@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_bits_give_a_clean_picture_or_a_refusal(kind: str) -> None:
    # given
    chance = random.Random(kind)
    sound = [with_metadata(kind), plain(kind), encoded(quarters(300), kind)]
    # when
    outcomes = [outcome(flipped(chance.choice(sound), chance)) for _ in range(400)]
    # then: `outcome` has seen nothing but these two
    assert 0 < outcomes.count("clean") < len(outcomes)


@pytest.mark.parametrize("kind", FORMATS)
def test_noise_after_a_true_beginning_is_refused(kind: str) -> None:
    chance = random.Random(kind)
    front = plain(kind)[:16]
    assert "clean" not in {outcome(front + chance.randbytes(chance.randrange(2000))) for _ in range(200)}


def outcome(data: bytes) -> str:
    """The name of the refusal, or `clean`."""
    try:
        content = prepare_avatar(data).content
    except ImageRefused as refusal:
        return type(refusal).__name__
    assert is_clean(content)
    return "clean"


def is_clean(content: bytes) -> bool:
    image = opened(content)
    is_small = image.width == image.height <= 512
    is_bare = not any(trace in content for trace in (b"canary", b"script", b"html", b"Exif", b"PK\x03\x04"))
    return is_small and is_bare and image.format == "JPEG" and content.endswith(b"\xff\xd9")


def cuts(data: bytes) -> list[int]:
    """Every length of the first 300, then about 150 more, and all but one byte."""
    step = max(1, len(data) // 150)
    return sorted({*range(min(300, len(data))), *range(300, len(data), step), len(data) - 1})


def flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        place = chance.randrange(len(changed)) if chance.random() < 0.5 else chance.randrange(min(64, len(changed)))
        changed[place] ^= 1 << chance.randrange(8)
    return bytes(changed)
