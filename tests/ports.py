"""Ports for servers that bind them on their own, a moment after they were chosen."""

import socket


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody else is given for a minute.

    A port that is merely closed again can go to any other process before its server is up. One
    whose connection this side closed first is in TIME_WAIT: the kernel hands it to nobody who asks
    for any port, and a server that asks for this one, as servers do with SO_REUSEADDR, gets it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = listener.accept()
            accepted.close()
            client.recv(1)
    return port
