"""What stands between a player and the server: certificates, and a reverse proxy with habits."""

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Head = list[bytes]
"""The lines of a request's head."""

DAY = timedelta(days=1)

_PATIENCE_S = 5.0


class Authority:
    """Signs certificates; whoever has its `trusted` context believes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _name("Test authority")
        certificate = _draft(self._name, self._key, DAY, 3650 * DAY, None)
        signed = certificate.issuer_name(self._name).sign(self._key, hashes.SHA256())
        self.file = folder / "authority.pem"
        self.file.write_bytes(signed.public_bytes(Encoding.PEM))

    def trusted(self) -> ssl.SSLContext:
        """Return a client's context that knows this authority."""
        return ssl.create_default_context(cafile=str(self.file))

    def context(
        self,
        host: str = "localhost",
        *,
        age: timedelta = DAY,
        left: timedelta = 80 * DAY,
        is_self_signed: bool = False,
    ) -> ssl.SSLContext:
        """Return a server's context with a certificate for `host`."""
        key, name = ec.generate_private_key(ec.SECP256R1()), _name(host)
        issuer, issuer_key = (name, key) if is_self_signed else (self._name, self._key)
        draft = _draft(name, key, age, left, host).issuer_name(issuer)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        draft = draft.add_extension(signer, critical=False)
        certificate = draft.sign(issuer_key, hashes.SHA256())
        file = self.folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _draft(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    age: timedelta,
    left: timedelta,
    host: str | None,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    draft = (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - age)
        .not_valid_after(now + left)
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
    )
    # Newer Pythons want certificates to the letter of RFC 5280.
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    draft = draft.add_extension(identifier, critical=False)
    if host is None:
        return draft.add_extension(_SIGNS, critical=True)
    name_of_host = x509.DNSName(host) if host[0].isalpha() else x509.IPAddress(ip_address(host))
    return draft.add_extension(x509.SubjectAlternativeName([name_of_host]), critical=False)


# -- habits of proxies ----------------------------------------------------------------------------


def well_behaved(head: Head) -> Head:
    """Tell who asks, and how."""
    return [*head, b"X-Forwarded-For: 203.0.113.7", b"X-Forwarded-Proto: https"]


def silent(head: Head) -> Head:
    """Tell nothing."""
    return head


def without_upgrades(head: Head) -> Head:
    """Speak HTTP only, as nginx does by default."""
    dropped = (b"upgrade:", b"connection:", b"sec-websocket")
    return well_behaved([line for line in head if not line.lower().startswith(dropped)])


def with_another_host(head: Head) -> Head:
    """Ask for the server's own name, as nginx does by default."""
    others = [line for line in head if not line.lower().startswith(b"host:")]
    return well_behaved([*others, b"Host: 127.0.0.1"])


@dataclass
class Proxy:
    """A reverse proxy that takes one request from each connection."""

    backend: tuple[str, int] | None
    tls: ssl.SSLContext | None = None
    habit: Callable[[Head], Head] = well_behaved
    answer: bytes | None = None
    """What to say in place of the backend."""
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        """Serve until the listener is shut down, and what has begun then to its end."""
        with ThreadPoolExecutor(20) as threads:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threads.submit(self._serve_one, client)

    def _serve_one(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            client.settimeout(_PATIENCE_S)
            if self.tls is None:
                self._pass_on(client)
                return
            with self.tls.wrap_socket(client, server_side=True) as encrypted:
                self._pass_on(encrypted)

    def _pass_on(self, client: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            if not (data := client.recv(10_000)):
                return
            received += data
        head, _, rest = received.partition(b"\r\n\r\n")
        if self.answer is not None:
            client.sendall(self.answer)
            return
        assert self.backend
        lines = self.habit(head.split(b"\r\n"))
        if not any(line.lower().startswith(b"connection: upgrade") for line in lines):
            lines = [line for line in lines if not line.lower().startswith(b"connection:")]
            lines.append(b"Connection: close")
        with socket.create_connection(self.backend, _PATIENCE_S) as backend:
            backend.sendall(b"\r\n".join([*lines, b"", rest]))
            _pump(client, backend)


def _pump(client: socket.socket, backend: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    others = {client: backend, backend: client}
    while True:
        has_more = isinstance(client, ssl.SSLSocket) and client.pending()
        ready = [client] if has_more else select.select([*others], [], [], _PATIENCE_S)[0]
        if not ready:
            return
        for source in ready:
            try:
                data = _read(source)
            except ssl.SSLWantReadError:
                continue  # A part of a record, or nothing but keys.
            if not data:
                return
            others[source].sendall(data)


def _read(source: socket.socket) -> bytes:
    """Return what is there; do not wait for the rest of it."""
    source.setblocking(False)
    try:
        return source.recv(65_536)
    finally:
        source.settimeout(_PATIENCE_S)


@contextmanager
def running_proxy(proxy: Proxy) -> Iterator[Proxy]:
    """Run a proxy on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.port = listener.getsockname()[1]
        thread = threading.Thread(target=proxy.serve, args=(listener,))
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def answer(status: str, *headers: str, body: str = "") -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", body]).encode()
