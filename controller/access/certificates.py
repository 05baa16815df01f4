"""A certificate authority of the project's own and a certificate for loopback, as files (RFC 5280).

The authority signs nothing but this server. What is missing, damaged, foreign or about to end is made again;
a new authority is the one thing that clients notice. `cryptography` is imported when somebody listens.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

AUTHORITY_DAYS = 3650
SERVER_DAYS = 365
RENEWED_BEFORE = datetime.timedelta(days=30)
_BACKDATED = datetime.timedelta(hours=1)
"""Clocks of virtual machines jump."""


class Missing(Exception):
    """What makes certificates is not installed; the text says how to have it."""

    def __init__(self) -> None:
        super().__init__("TLS needs a package that is not installed: pip install 'workerset[kubectl]'")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files are, what is new of them, and when to look again (seconds since 1970)."""

    folder: str
    new_authority: bool = False
    new_server: bool = False
    renew_at: float = 0.0

    @property
    def authority(self) -> str:
        return f"{self.folder}/ca.crt"

    @property
    def authority_key(self) -> str:
        return f"{self.folder}/ca.key"

    @property
    def server(self) -> str:
        return f"{self.folder}/server.crt"

    @property
    def server_key(self) -> str:
        return f"{self.folder}/server.key"


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure(folder: str, names: Sequence[str], wall: float) -> Certificates:
    """Have certificates that are good for a while. Raises Missing, or OSError where they cannot be kept."""
    try:
        import cryptography.x509  # noqa: F401
    except ImportError:
        raise Missing from None
    now = datetime.datetime.fromtimestamp(wall, datetime.UTC)
    places = Certificates(folder)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    authority = _load(places.authority, places.authority_key, now)
    new_authority = authority is None
    if authority is None:
        authority = _make_authority(now)
        _keep(places.authority, places.authority_key, authority)
    server = _load(places.server, places.server_key, now)
    if server is not None and not _fits(server, authority, names):
        server = None
    new_server = server is None
    if server is None:
        server = _make_server(authority, names, now)
        _keep(places.server, places.server_key, server)
    ends = min(server.certificate.not_valid_after_utc, authority.certificate.not_valid_after_utc)
    return Certificates(folder, new_authority, new_server, (ends - RENEWED_BEFORE).timestamp())


def _load(certificate: str, key: str, now: datetime.datetime) -> _Pair | None:
    """What the files hold, if it is a pair and good for a while."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        with open(certificate, "rb") as file:
            found = x509.load_pem_x509_certificate(file.read())
        with open(key, "rb") as file:
            private = serialization.load_pem_private_key(file.read(), None)
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != found.public_key():
        return None
    good = found.not_valid_before_utc <= now < found.not_valid_after_utc - RENEWED_BEFORE
    return _Pair(found, private) if good else None


def _fits(server: _Pair, authority: _Pair, names: Sequence[str]) -> bool:
    """Signed by this authority, for these names."""
    from cryptography import exceptions, x509

    try:
        server.certificate.verify_directly_issued_by(authority.certificate)
        found = server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, exceptions.InvalidSignature, x509.ExtensionNotFound):
        return False
    return set(_alternatives(names)) <= set(found)


def _make_authority(now: datetime.datetime) -> _Pair:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Workerset authority of one project")
    builder = _builder(name, name, key, now, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _make_server(authority: _Pair, names: Sequence[str], now: datetime.datetime) -> _Pair:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    builder = _builder(_name("Workerset"), issuer.subject, key, now, SERVER_DAYS)
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(_alternatives(names)), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), False),
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    from cryptography import x509

    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _keep(certificate: str, key: str, pair: _Pair) -> None:
    """The key first: a certificate without one would be taken for whole by nobody."""
    from cryptography.hazmat.primitives import serialization

    private = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, private)
    _write(certificate, pair.certificate.public_bytes(serialization.Encoding.PEM))


def _write(path: str, content: bytes) -> None:
    """Whole or not at all, for the user's eyes only."""
    aside = f"{path}.new"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content)
    os.replace(aside, path)
