"""Where a server listens: which addresses are this machine's alone, and a socket on one of them."""

import socket
from typing import Final

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def listen(host: str, port: int, command: str = "chat") -> socket.socket:
    """Return a socket that listens.

    Args:
        host: The address.
        port: The port.
        command: Of the command line, for the advice in the error.
    Raises: OSError: the address is taken or refused; the message says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            f"The server cannot listen on {host} port {port}: {error.strerror or error}. "
            f"Choose another port: omnipersona {command} --port {port + 1}"
        ) from error
