"""Unit tests have no network: a socket that is not local fails."""

import socket

import pytest


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket

    class LocalSocket(real):  # type: ignore[misc, valid-type]
        def __init__(self, family: int = -1, *args: object, **kwargs: object) -> None:
            if family not in {socket.AF_UNIX, -1} or (family == -1 and "fileno" not in kwargs and len(args) < 3):
                raise RuntimeError("a unit test opens no network connection")
            super().__init__(family, *args, **kwargs)

    monkeypatch.setattr(socket, "socket", LocalSocket)
