"""Which addresses may be connected to, decided where the connection is made."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore2
import httpx2

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the IP addresses of a host's name, for a port."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses in which an IPv4 address is hidden that a gateway may unpack (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class GuardRefused(Exception):
    """Report a host whose address may not be reached."""


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system, which also understands every spelling of an IP address."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Return whether an IP address belongs to the internet, whatever it is wrapped in."""
    try:
        address = _unwrapped(ipaddress.ip_address(text))
    except ValueError:
        return False
    return address.is_global and not address.is_multicast


def _unwrapped(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


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
