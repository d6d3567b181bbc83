"""Bewijs van aanbieding: proof, without personal data, that a row was offered and could not pass.

For rows that the gate or a threshold refused. The row itself is not kept (or not for long); the proof commits to it by
a salted hash, so that only who has the row and its salt can show what it is about.
"""

import datetime as dt

from msgspec import Struct


class BewijsVanAanbieding(Struct, frozen=True, kw_only=True, rename="camel"):
    """The payload of the signed proof of one row (compact JWS, RFC 7515).

    `regel_sha256`: SHA-256, in hexadecimals, of the salt (16 bytes) followed by the row as sent: its fields in the
    order of the file, as text in UTF-8 without surrounding quotes, with the character U+001F between them.
    """

    versie: int = 1
    aanlevering_id: str
    signaalpartner_oin: str
    ontvangen_op: dt.datetime
    """When the file was received: the moment at which the row was offered."""
    aanlevering_sha256: str
    """SHA-256 of the bytes of the file, as in its ontvangstbewijs."""
    regel: int
    regel_sha256: str
    gemeentecode: str | None
    """The gemeente for which it was offered; null where row and postcode table did not tell."""
    reden: str
    """The code of the finding for which it could not pass."""
    reden_tekst: str


class AangebodenRegel(Struct, frozen=True, kw_only=True, rename="camel"):
    """One row: the signed proof, and the salt that belongs to it and is in nothing that is signed."""

    regel: int
    zout: str
    """16 bytes in hexadecimals. Who has it, the row and the proof can show that they belong together: keep it well."""
    bewijs: str
    """The compact JWS over a `BewijsVanAanbieding`."""


class BewijzenVanAanbieding(Struct, frozen=True, kw_only=True, rename="camel"):
    """`GET /v1/aanleveringen/{id}/bewijzen-van-aanbieding`: all rows that were refused so, in the order of the file."""

    versie: int = 1
    aanlevering_id: str
    bewijzen: tuple[AangebodenRegel, ...]
