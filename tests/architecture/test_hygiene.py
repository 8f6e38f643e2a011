"""Hygiene: what must not be committed, over every file that git sees."""

import subprocess
from pathlib import Path

import pytest

from tests.architecture.rules.hygiene import left_behind, read_texts, unpinned
from tests.architecture.rules.sources import repository_files

HASH = "--hash=sha256:" + "0" * 64


def test_nothing_was_left_behind(texts: dict[str, str]) -> None:
    assert left_behind(texts) == []


@pytest.mark.parametrize(
    ("path", "text", "finding"),
    [
        ("README.md", "cd /wo" + "rk/main", "README.md:1: '/wo" + "rk' is a path of one machine"),
        ("deploy/Dockerfile", "\nCOPY x /ro" + "ot/x", "deploy/Dockerfile:2: '/ro" + "ot' is a path of one machine"),
        ("Makefile", "ls '/ho" + "me/mei/app'", "Makefile:1: '/ho" + "me/mei' is a path of one machine"),
        ("docs/a.md", "https://py" + "pi.org/x", "docs/a.md:1: 'py" + "pi.org' is the address of a package registry"),
        ("a.py", "# TO" + "DO: later", "a.py:1: 'TO" + "DO' is a loose end"),
        ("a.ts", "// FIX" + "ME", "a.ts:1: 'FIX" + "ME' is a loose end"),
        ("Makefile", "cp ../" + "shared/x .", "Makefile:1: '../" + "shared' is a folder outside of the repository"),
        ("playground/package-lock.json", '"resol' + 'ved": "x"', "an address in a lock"),
        ("requirements/dev.lock", "--index" + "-url x", "an address in a lock"),
        ("requirements/dev.lock", "--find" + "-links x", "an address in a lock"),
        ("requirements/dev.lock", "-i x", "an address in a lock"),
        ("requirements/dev.lock", "appletql @ https://example.org/a.whl", "an address in a lock"),
        ("playground/.npmrc", "regis" + "try=x", "a registry's setting"),
        ("pip.conf", "[global]\nindex" + "-url = x", "a registry's setting"),
    ],
)
def test_what_must_not_be_committed_is_found(path: str, text: str, finding: str) -> None:
    (found,) = left_behind({path: text})
    assert finding in found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".ci/run", "ls ../" + "shared"),
        ("README.md", "https://example.org/wo" + "rk/1 and ./ro" + "ot/x and /wo" + "rker and /ho" + "mepage"),
        ("playground/.npmrc", "omit-lockfile-regis" + "try-resolved=true"),
        ("playground/package-lock.json", '"integrity": "sha512-TO' + "DO+x/TO" + 'DO="'),
        ("requirements/dev.lock", "# by pip\nhttpx==0.28.1 \\\n    " + HASH),
    ],
)
def test_what_may_be_committed_is_let_through(path: str, text: str) -> None:
    assert left_behind({path: text}) == []


def test_every_requirement_is_pinned_by_version_and_hash(texts: dict[str, str]) -> None:
    assert [path for path in texts if path.startswith("requirements/") and path.endswith(".lock")]
    assert unpinned(texts) == []


def test_a_requirement_without_version_or_hash_is_found() -> None:
    # given
    lock = f"""\
# written by a tool
httpx==0.28.1 \\
    {HASH} \\
    {HASH}
click==8.5.1
rich>=15 {HASH}
uvicorn==0.54.0 --hash=sha256:abc  # short
"""
    # then
    assert unpinned({"requirements/dev.lock": lock, "docs/a.lock": "click"}) == [
        "requirements/dev.lock: click==8.5.1 is not pinned by version and hash",
        "requirements/dev.lock: rich>=15 is not pinned by version and hash",
        "requirements/dev.lock: uvicorn==0.54.0 is not pinned by version and hash",
    ]


def test_the_files_of_a_repository_are_those_that_git_would_take(tmp_path: Path) -> None:
    # given
    for path, text in {".gitignore": "*.db\n", "new.py": "", "gone.py": "", "state.db": "", "描述.md": "字"}.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0")
    for command in (["git", "init", "--quiet"], ["git", "add", "gone.py", "picture.png"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    (tmp_path / "gone.py").unlink()
    # when
    files = repository_files(tmp_path)
    # then
    assert files == [".gitignore", "new.py", "picture.png", "描述.md"]
    assert read_texts(tmp_path, files) == {".gitignore": "*.db\n", "new.py": "", "描述.md": "字"}
