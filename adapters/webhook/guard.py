"""Which addresses a partner's webhook may have: a partner names a URL, and ours must not reach into our network.

The name is resolved once per attempt, every address is judged, and the connection goes to a judged address itself:
a second look-up, which an attacker could answer differently, does not take place.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) to textual addresses, preferred first; raises OSError when the name does not resolve."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last four bytes are an IPv4 address."""


async def resolve(host: str, port: int) -> list[str]:
    """By the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_allowed(text: str, *, private_allowed: bool) -> bool:
    """Whether a connection to this address may be made; text that is no address is not allowed.

    Link-local (cloud metadata), multicast, unspecified and reserved addresses never; private and loopback addresses
    only when the configuration of this partner allows them.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return all(_allowed(each, private_allowed=private_allowed) for each in (address, *_inside(address)))


def _allowed(address: Address, *, private_allowed: bool) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.version == 4 and address.is_reserved:  # of IPv6, ::1 counts as reserved too
        return False
    if address.is_loopback or address.is_private:
        return private_allowed
    return address.is_global and not address.is_reserved


def _inside(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address leads to: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inside: list[Address] = [a for a in (address.ipv4_mapped, address.sixtofour) if a is not None]
    if address.teredo is not None:
        inside.extend(address.teredo)
    if address in NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inside
