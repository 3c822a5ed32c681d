"""Whether a server's certificate is good, and for how long."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

from bunga_cli.doctor.case import Machine
from bunga_cli.doctor.findings import Finding, failure, ok, warning

_SOON = timedelta(days=14)
_LAST_PART = 4
"""What counts as soon for a certificate that lives shorter: the last quarter of its life."""

_NOT_YET, _EXPIRED, _SELF_SIGNED, _SELF_SIGNED_CHAIN, _NO_ISSUER = 9, 10, 18, 19, 20
_NO_ISSUER_OF_FIRST, _WRONG_HOST, _WRONG_IP = 21, 62, 64
_RENEW = "Renew it (certbot renew, or look at the proxy's log), and reload the proxy."
_GET_ONE = "Get one that everybody trusts: Caddy does by itself, certbot for nginx."
_CHAIN = "Have the proxy send the whole chain (with certbot, fullchain.pem), and reload it."

_PROBLEMS = {
    _NOT_YET: ("is not valid yet", "Look at this machine's clock, and at the certificate's dates."),
    _EXPIRED: ("has expired; players refuse it", _RENEW),
    _SELF_SIGNED: ("is signed by itself; players refuse it", _GET_ONE),
    _SELF_SIGNED_CHAIN: ("is signed by somebody nobody knows; players refuse it", _GET_ONE),
    _NO_ISSUER: ("comes without those that signed it; some players refuse it", _CHAIN),
    _NO_ISSUER_OF_FIRST: ("comes without those that signed it; some players refuse it", _CHAIN),
}


def check_certificate(
    check: str, host: str, port: int, machine: Machine, timeout_s: float
) -> Finding:
    """Return how the certificate at an address stands."""
    try:
        found = _certificate(host, port, machine.tls(), timeout_s)
    except ssl.SSLCertVerificationError as error:
        return _refused(check, host, port, error)
    except ssl.SSLError as error:
        return failure(
            check,
            f"{host} port {port} does not speak TLS: {error.reason or error}.",
            "Look whether the proxy has TLS on that port.",
        )
    except OSError as error:
        reason = error.strerror or str(error) or "it took too long"
        return failure(
            check,
            f"{host} port {port} did not answer: {reason}.",
            "Look at the proxy's log.",
        )
    return _dated(check, f"{host} port {port}", found, machine.now())


def _certificate(host: str, port: int, context: ssl.SSLContext, timeout_s: float) -> dict[str, Any]:
    return asyncio.run(_shown(host, port, context, timeout_s))


async def _shown(host: str, port: int, context: ssl.SSLContext, timeout_s: float) -> dict[str, Any]:
    """Return the certificate. A host may have any number of addresses; the time is for all."""
    async with asyncio.timeout(timeout_s):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    found = dict(writer.get_extra_info("peercert") or {})
    writer.transport.abort()
    return found


def _refused(check: str, host: str, port: int, error: ssl.SSLCertVerificationError) -> Finding:
    if error.verify_code in (_WRONG_HOST, _WRONG_IP):
        return failure(
            check,
            f"The certificate on port {port} is for another name than {host}; players refuse it.",
            f"Get one for {host}, or correct server.public_url.",
        )
    text, advice = _PROBLEMS.get(
        error.verify_code, (f"is not good ({error.verify_message}); players refuse it", _GET_ONE)
    )
    return failure(check, f"The certificate of {host} port {port} {text}.", advice)


def _dated(check: str, place: str, found: dict[str, Any], now: datetime) -> Finding:
    begin, end = (_moment(found[key]) for key in ("notBefore", "notAfter"))
    left = end - now
    text = f"The certificate of {place} is good for {left.days} more days, until {end:%Y-%m-%d}."
    if left < min(_SOON, (end - begin) / _LAST_PART):
        return warning(check, text, f"It should have been renewed by now. {_RENEW}")
    return ok(check, text)


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
