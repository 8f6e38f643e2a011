"""`appletql products import`: all of it or nothing, and the same again changes nothing."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from models.catalogue import Product
from models.database import open_database
from tests.catalogue.imports import COLUMNS, faults, import_file, rows, write
from tests.databases import Databases, SqliteFolder
from tests.process.forked import run
from tests.process.running import SECONDS, clean_environment

pytestmark = pytest.mark.anyio
SUMMARY = re.compile(r"(\d+) (?:would be )?made, (\d+) (?:would be )?changed, (\d+) as they were\n")


def summary(done: subprocess.CompletedProcess[str]) -> tuple[int, ...]:
    found = SUMMARY.fullmatch(done.stdout)
    assert found is not None, (done.stdout, done.stderr)
    assert done.returncode == 0
    return tuple(map(int, found.groups()))


async def test_a_list_is_made_then_left_then_changed(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    first = [COLUMNS, "a,茶,1250,7,,,", 'b,杯,100,,"two\nlines",https://img.example/b.jpg,false', ",一次,1,,,,"]
    path = write(tmp_path, *first)

    made = import_file(url, path)
    shown = await rows(url)
    again = import_file(url, write(tmp_path, *first[:3]))
    changed = import_file(url, write(tmp_path, COLUMNS, "b,杯,200,3,,,", "c,new,1,,,,", "a,茶,1250,7,,,"))

    assert [summary(done) for done in (made, again, changed)] == [(3, 0, 0), (0, 0, 2), (1, 1, 1)]
    assert shown == [
        ("a", "茶", 1250, 7, None, None, True),
        ("b", "杯", 100, None, "two\nlines", "https://img.example/b.jpg", False),
        (None, "一次", 1, None, None, None, True),
    ]
    assert await rows(url) == [
        ("c", "new", 1, None, None, None, True),
        shown[0],
        ("b", "杯", 200, 3, None, None, True),
        shown[2],
    ]


async def test_what_has_no_column_stays(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    import_file(url, write(tmp_path, COLUMNS, "a,茶,1250,7,d,https://img.example/a.jpg,false"))
    items = [{"key": "a", "title": "茶", "price": 99}, {"key": "b", "title": "new", "price": 5, "stock": 1}]

    done = import_file(url, write(tmp_path, json.dumps(items), name="products.json"))

    assert summary(done) == (1, 1, 0)
    assert await rows(url) == [
        ("b", "new", 5, 1, None, None, True),
        ("a", "茶", 99, 7, "d", "https://img.example/a.jpg", False),
    ]


async def test_one_bad_line_and_nothing_is_imported(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()

    done = import_file(url, write(tmp_path, COLUMNS, "a,茶,1250,,,,", "b,杯,12.50,x,,,", "a,again,1,,,,"))

    assert faults(done) == [
        "line 3: stock: must be a whole number, in digits alone",
        "line 3: price: must be a whole number, in digits alone",
        "line 4: key: is that of line 2 too",
        "3 faults, nothing was imported",
    ]
    assert (done.stdout, done.returncode) == ("", 1)
    assert await rows(url) == []


async def test_of_many_bad_lines_a_hundred_are_named_and_the_rest_counted(sqlite: SqliteFolder, tmp_path: Path) -> None:
    done = import_file(sqlite.fresh(), write(tmp_path, "title,price", *["t,0"] * 5000))

    assert faults(done)[0] == "line 2: price: must be 1 to 2147483647 fen"
    assert faults(done)[99:] == [
        "line 101: price: must be 1 to 2147483647 fen",
        "and 4900 more; 5000 faults, nothing was imported",
    ]


async def test_a_rehearsal_says_what_would_be_done(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    import_file(url, write(tmp_path, COLUMNS, "a,茶,1250,,,,", "b,杯,1,,,,"))
    before = await rows(url)

    done = import_file(url, write(tmp_path, COLUMNS, "a,茶,1,,,,", "b,杯,1,,,,", "c,new,1,,,,"), "--dry-run")

    assert done.stdout == "1 would be made, 1 would be changed, 1 as they were\n"
    assert done.returncode == 0
    assert await rows(url) == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.csv", r"No such file or directory: .*none\.csv"),
        (".", r"Is a directory: .*"),
        ("gbk.csv", r"line 2: is not in UTF-8; save the file again in that encoding"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told_in_one_line(
    sqlite: SqliteFolder, tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "gbk.csv").write_bytes("title,price\n茶,1".encode("gbk"))

    done = import_file(sqlite.fresh(), tmp_path / name)

    assert re.fullmatch(rf"appletql: {told}\n", done.stderr)
    assert (done.stdout, done.returncode) == ("", 1)


async def test_a_database_that_is_not_migrated_is_told_in_one_line(databases: Databases, tmp_path: Path) -> None:
    done = import_file(databases.empty(), write(tmp_path, "title,price", "t,1"))

    assert faults(done) == ["the database is not migrated; run appletql migrate"]
    assert done.returncode == 1


async def test_the_help_names_the_columns(tmp_path: Path) -> None:
    done = run(tmp_path, "products", "import", "--help")

    assert [name for name in ("key", "price_yuan", "imageUrl", "forSale") if name not in done.stdout] == []


async def test_ten_thousand_lines_killed_on_the_way_are_none_and_then_all(databases: Databases, tmp_path: Path) -> None:
    url = databases.fresh()
    path = write(tmp_path, COLUMNS, *(f"k{number},茶 {number},{number + 1},{number},,," for number in range(10_000)))

    counts = [await count_after_a_kill(url, path, percent) for percent in (5, 50, 90)]
    import_file(url, path)
    again = import_file(url, path)

    assert counts[0] == 0
    assert set(counts) <= {0, 10_000}
    assert summary(again) == (0, 0, 10_000)
    found = await rows(url)
    assert [row[0] for row in found] == [f"k{number}" for number in range(10_000)]


async def count_after_a_kill(url: str, path: Path, percent: int) -> int:
    kill_on_the_way(url, path, percent)
    async with open_database(url, pool_size=2) as units:
        return await units.read(lambda: Product.all().count())


def kill_on_the_way(url: str, path: Path, percent: int) -> None:
    """SIGKILL once the import told that it had written so much."""
    command = [sys.executable, "-m", "server", "products", "import", str(path)]
    environment = clean_environment(APPLETQL_DATABASE_URL=url)
    with subprocess.Popen(
        command, cwd=path.parent, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            told = re.fullmatch(r"writing: (\d+) %\n", line)
            if told is not None and int(told[1]) >= percent:
                break
        process.kill()
        assert process.wait(timeout=SECONDS) in (-signal.SIGKILL, 0)
