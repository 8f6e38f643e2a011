"""What must not be committed: this machine's paths, registries' addresses, unpinned requirements, loose ends.

The patterns are put together from pieces, so that this file does not match itself.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

_HOMES = "|".join(("wo" + "rk", "ro" + "ot", "ho" + r"me/[\w.<>{}$-]+"))
_MACHINE_PATH = re.compile(rf"(?<![\w.~-])/(?:{_HOMES})(?![\w-])")
_REGISTRY_HOST = re.compile(
    "|".join(
        re.escape(host)
        for host in (
            *("py" + "pi.org", "pypi." + "python.org", "python" + "hosted.org", "py" + "pi.tuna", "test.py" + "pi"),
            *("npm" + "js.org", "npm" + "js.com", "npm" + "mirror.com", "yarn" + "pkg.com", "npm." + "taobao.org"),
            *("mirrors." + "aliyun.com", "mirrors." + "cloud.tencent.com", "proxy." + "golang.org"),
            *("jfrog" + ".io", "arti" + "factory", "package" + "cloud.io", "pkgs.dev." + "azure.com"),
        )
    )
)
_SHARED_FOLDER = re.compile(re.escape("../" + "shared") + r"\b")
_LOOSE_END = re.compile(r"\b(?:TO" + "DO|FIX" + r"ME)\b")
_RESOLVED = re.compile(r'"resol' + 'ved":')
_INDEX = re.compile("index" + "-url|find" + r"-links|^\s*(?:-i|-f)\s|://", re.MULTILINE)
_REGISTRY_SETTING = re.compile(r"^[^#\n]*(?:regis" + r"try|index[-_]url|\bindex)\s*[=:]", re.MULTILINE)

_LOCKS = "*lock*"
_NPM_LOCKS = ("*package-lock.json", "*npm-shrinkwrap.json")
REQUIREMENT_LOCKS = "requirements/*.lock"
_REGISTRY_SETTINGS = ("*.npmrc", "*pip.conf", "*.yarnrc*", "*uv.toml")
_KNOWS_THE_SHARED_FOLDER = ".ci/run"

Pattern = re.Pattern[str]


def read_texts(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """The text of each file that has one; pictures and the like are left out."""
    texts = {}
    for path in paths:
        content = (root / path).read_bytes()
        if b"\0" not in content:
            texts[path] = content.decode("utf-8", errors="replace")
    return texts


def left_behind(texts: Mapping[str, str]) -> list[str]:
    """Every line of a file, by its path, that must not be committed."""
    found = []
    for path, text in texts.items():
        for pattern, complaint in _patterns_for(path):
            found += _matches(path, text, pattern, complaint)
    return found


def unpinned(texts: Mapping[str, str]) -> list[str]:
    """Requirements in a lock without a version or without a hash of what was reviewed."""
    return [
        f"{path}: {requirement.split(maxsplit=1)[0]} is not pinned by version and hash"
        for path, text in texts.items()
        if fnmatch(path, REQUIREMENT_LOCKS)
        for requirement in _requirements(text)
        if "==" not in requirement or not re.search(r"--hash=sha256:[0-9a-f]{64}\b", requirement)
    ]


def _patterns_for(path: str) -> list[tuple[Pattern, str]]:
    patterns = [(_MACHINE_PATH, "a path of one machine"), (_REGISTRY_HOST, "the address of a package registry")]
    if path != _KNOWS_THE_SHARED_FOLDER:
        patterns.append((_SHARED_FOLDER, "a folder outside of the repository"))
    if not fnmatch(path, _LOCKS):
        patterns.append((_LOOSE_END, "a loose end"))
    if any(fnmatch(path, lock) for lock in _NPM_LOCKS):
        patterns.append((_RESOLVED, "an address in a lock"))
    if fnmatch(path, REQUIREMENT_LOCKS):
        patterns.append((_INDEX, "an address in a lock"))
    if any(fnmatch(path, settings) for settings in _REGISTRY_SETTINGS):
        patterns.append((_REGISTRY_SETTING, "a registry's setting"))
    return patterns


def _matches(path: str, text: str, pattern: Pattern, complaint: str) -> list[str]:
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group().strip()!r} is {complaint}"
        for match in pattern.finditer(text)
    ]


def _requirements(text: str) -> list[str]:
    """The requirements of a file in pip's format, continued lines joined, without comments and options."""
    joined = re.sub(r"\\\s*\n", " ", text)
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("-")]
