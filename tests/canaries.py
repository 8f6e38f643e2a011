"""What must never be logged: the secrets that tests meet, searched for in all that was logged.

`tests/conftest.py` sends everything from DEBUG up through the product's own log pipeline into one file.
"""

import logging
from pathlib import Path
from typing import TextIO

from server.logs import configure_logging

_LONG_ENOUGH = 10

_secrets: set[str] = set()
_outputs: list[str] = []


def add(*secrets: str | None) -> None:
    """Texts that must not be found in the log; None and empty ones are passed over."""
    _secrets.update(secret for secret in secrets if secret)


def phone_forms(number: str) -> set[str]:
    """Of a number as the sandbox has it, of mainland China bare, else with a plus: pure and in E.164."""
    e164 = number if number.startswith("+") else f"+86{number}"
    # Shorter than that, digits alone are met by chance, in times and sizes.
    return {e164} | {pure for pure in (number.removeprefix("+"),) if len(pure) >= _LONG_ENOUGH}


def listen(stream: TextIO) -> logging.Handler:
    """Sends the process's logs to `stream`, as the server would write them."""
    configure_logging("DEBUG", as_json=True, stream=stream)
    return logging.getLogger().handlers[0]


def keep(output: str) -> None:
    """What a process of its own wrote; searched like the rest."""
    _outputs.append(output)


def found_in(log: Path) -> list[str]:
    """The first characters of each secret that was logged; one pass over the log for however many there are."""
    text = "".join([log.read_text(encoding="utf-8"), *_outputs])
    length = min(map(len, _secrets), default=1)
    starts = {secret[:length] for secret in _secrets}
    met = starts.intersection(text[at : at + length] for at in range(len(text)))
    found = (secret for secret in _secrets if secret[:length] in met and secret in text)
    return [f"{secret[:4]}… ({len(secret)} characters)" for secret in sorted(found)]


def count() -> int:
    return len(_secrets)
