"""Binding a port, with an error that says which setting moves it; imports nothing of the server."""

import socket

_BACKLOG = 2048


class AddressInUseError(Exception):
    """The port is taken, or may not be bound; the message says which setting moves it."""


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises AddressInUseError."""
    # With the protocol named, asyncio turns Nagle's algorithm off; else each answer waits 40 ms for more bytes.
    listening = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise AddressInUseError(f"{host}:{port} cannot be bound ({error.strerror}); {setting} moves it") from None
    return listening
