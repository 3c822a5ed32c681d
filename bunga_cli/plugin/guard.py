"""Which addresses may be connected to, decided where the connection is made."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import httpcore2
import httpx2

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the IP addresses of a host's name, for a port."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            "::/96",  # IPv4-compatible addresses (RFC 4291), long out of use
            "::ffff:0:0:0/96",  # IPv4-translated ones (RFC 2765)
            "64:ff9b:1::/48",  # a translator of the network inside (RFC 8215)
            "2001::/32",  # Teredo (RFC 4380): it leads through whatever server the address names
            "fec0::/10",  # site-local addresses (RFC 3879)
        ),
    )
)
"""What is never public, whatever `ipaddress` of this Python says."""

# Addresses in which an IPv4 address is hidden that a gateway may unpack, and how far to shift it.
_WRAPPINGS = (
    (ipaddress.ip_network("::ffff:0:0/96"), 0),
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # RFC 6052
    (ipaddress.ip_network("2002::/16"), 80),  # 6to4 (RFC 3056)
)
# The second half of an address that stands for an IPv4 address in any network (ISATAP, RFC 5214).
_ISATAP, _UNIVERSAL_BIT = 0x00005EFE, 0x02000000
_IPV4_BITS = 0xFFFFFFFF


class GuardRefused(Exception):
    """Report a host whose address may not be reached."""


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system, which also understands every spelling of an IP address."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Return whether an IP address belongs to the internet, and each one that is wrapped in it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return all(map(_is_public, (address, *_wrapped(address))))


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network, _shift in _WRAPPINGS):
            return True  # as public as what it wraps
        if any(address in network for network in _INSIDE):
            return False
    return address.is_global and not address.is_multicast


def _wrapped(address: _Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address may lead to."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    number = int(address)
    for network, shift in _WRAPPINGS:
        if address in network:
            yield ipaddress.IPv4Address(number >> shift & _IPV4_BITS)
    if (number >> 32 & _IPV4_BITS) & ~_UNIVERSAL_BIT == _ISATAP:
        yield ipaddress.IPv4Address(number & _IPV4_BITS)


class Connector(httpcore2.AsyncNetworkBackend):
    """Connects to the addresses it has resolved and checked itself, and to nothing else."""

    def __init__(self, resolver: Resolver, is_allowed: Callable[[str], bool]) -> None:
        self._resolver, self._is_allowed = resolver, is_allowed
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of the host that is allowed and answers."""
        failure: Exception | None = None
        for address in await self._addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("the name has no address")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            found = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name cannot be resolved ({error})") from error
        if self._is_allowed(host.lower()):
            return found
        allowed = [address for address in found if is_public(address)]
        if found and not allowed:
            raise GuardRefused(
                f"{host} is on a private network; if it shall be reached, add it to"
                " http.allow_hosts in the settings."
            )
        return allowed


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """A transport all of whose connections a connector makes."""

    def __init__(self, tls: ssl.SSLContext, connector: Connector) -> None:
        super().__init__(verify=tls, trust_env=False)
        # httpx2 has no argument for this one; its pool, from httpcore2, has.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30.0,
            network_backend=connector,
        )
