"""Whom a server believes about its visitors: the addresses of proxies, from one setting."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

ANYBODY: Final = "*"

Network = IPv4Network | IPv6Network


def networks(listed: str) -> tuple[Network, ...]:
    """Return the networks of a list with commas; `*` is every address.

    Raises: ValueError: a part is no address and no network; with a sentence for the user.
    """
    found: list[Network] = []
    for part in filter(None, map(str.strip, listed.split(","))):
        names = ("0.0.0.0/0", "::/0") if part == ANYBODY else (part,)
        try:
            found += map(ip_network, names)
        except ValueError as error:
            raise ValueError(
                f"{part!r} is no address and no network; write 127.0.0.1 or 172.16.0.0/12."
            ) from error
    return tuple(found)


def is_among(address: str | None, listed: Sequence[Network]) -> bool:
    """Whether a peer's address is in a network; one without came through a local socket."""
    try:
        peer = None if address is None else ip_address(address)
    except ValueError:
        peer = None
    if peer is None:
        return True
    return any(peer in network for network in listed)
