"""Phone numbers and e-mail addresses.

Expressions settle what people usually write; a library judges the rest, each distinct text once and a bounded number of
them in a block. Beyond that number the expressions alone decide. The expressions say of no text that it is good where
the library says that it is not: property tests hold them to it. The libraries are imported when first needed.
"""

from typing import Final

import polars as pl

from contracts.layout import KOLOM
from gateway.stages.columns import Reading, as_sent, bare, judged, text, unlike, value
from gateway.stages.patterns import (
    ABROAD,
    EMAIL,
    EMAIL_PLAIN,
    EMAIL_RESERVED,
    EMAIL_SETTLED,
    PHONE,
    PHONE_NL,
    PHONE_WORDS,
    TWO_EMAILS,
    TWO_PHONES,
)

_NETHERLANDS: Final = 31
_MAX_EMAIL: Final = KOLOM["email"].max_lengte
_MAX_PART: Final = 64
"""Characters before the @ (RFC 5321), and more than a label takes."""


def phone(name: str) -> Reading:
    """A phone number: ten digits of the Netherlands, or + and the country; of two numbers the first."""
    number = bare(name)
    first = number.str.extract(PHONE, 1)
    dutch = first.str.replace(r"^(?:\+|00)?310?([1-9][0-9]{8})$", "0$1").str.replace("^00", "+")
    possible = pl.when(~dutch.str.starts_with("+31")).then(dutch)
    told = text(name).str.to_lowercase().str.replace_all(PHONE_WORDS, "").str.replace("(0)", "", literal=True)
    compact = told.str.replace_all(r"[\s().\-–'‐-―]", "").str.replace(r"^(0[1-9][0-9]{1,2})/([0-9]{6,8})$", "$1$2")
    settled = pl.when(lost_a_zero(name)).then("0" + number).otherwise(possible)
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: unlike(name, PHONE_NL),
        bare=compact,
        thorough=lambda _dialect, _day: pl.coalesce(
            settled, judged(pl.when(settled.is_null()).then(number), _parsed, beyond=False)
        ),
    )


def lost_a_zero(name: str) -> pl.Expr:
    """Nine digits of a phone number: a spreadsheet took it for a number and dropped the zero."""
    return bare(name).str.contains(r"^[1-9][0-9]{8}$")


def two_phones(name: str) -> pl.Expr:
    """Two numbers in one field."""
    return bare(name).str.contains(TWO_PHONES)


def unlikely_phone(name: str) -> pl.Expr:
    """A number that was never given out to anybody, or at which nobody can be called without paying."""
    number = value(name)
    abroad = pl.when(number.str.contains(ABROAD)).then(number)
    return (
        number.is_not_null()
        & ~number.str.contains(PHONE_NL)
        & (abroad.is_null() | judged(abroad, _wrong, beyond=False).is_not_null())
    )


def _parsed(number: str) -> str | None:
    import phonenumbers  # tens of milliseconds, for text that few files have

    try:
        parsed = phonenumbers.parse(number, "NL")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if parsed.country_code != _NETHERLANDS:
        return written
    return "0" + written[3:] if len(written) == len("+31612345678") else None


def _wrong(number: str) -> str | None:
    import phonenumbers  # as above

    try:
        return None if phonenumbers.is_valid_number(phonenumbers.parse(number)) else number
    except phonenumbers.NumberParseException:
        return number


def email(name: str) -> Reading:
    """An e-mail address, its domain in lower case; of two addresses the first."""
    address = text(name).str.replace(r"(?i)^mailto:\s*", "").str.replace(r"^[^<>]*<([^<>]*)>[\s;,]*$", "$1")
    compact = address.str.strip_chars(" \u00a0;,").str.replace(r"\s*@\s*", "@")
    first = bare(name).str.extract(TWO_EMAILS, 1).fill_null(bare(name))
    lower = first.str.extract("^(.*)@", 1) + "@" + first.str.extract("@([^@]*)$", 1).str.to_lowercase()
    short = (lower.str.len_bytes() <= _MAX_PART) & ~lower.str.contains(EMAIL_RESERVED)
    settled = pl.when(short & lower.str.contains(EMAIL_SETTLED)).then(lower)
    rest = pl.when(settled.is_null() & (first.str.len_chars() <= _MAX_EMAIL)).then(first)
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: unlike(name, EMAIL_PLAIN) | (text(name).str.len_bytes() > _MAX_PART),
        bare=compact,
        thorough=lambda _dialect, _day: pl.coalesce(
            settled, judged(rest.str.extract(EMAIL, 0), _normalised, beyond=True)
        ),
    )


def two_emails(name: str) -> pl.Expr:
    """Two addresses in one field."""
    return bare(name).str.contains(TWO_EMAILS)


def _normalised(address: str) -> str | None:
    import email_validator  # tens of milliseconds, for text that few files have

    try:
        return email_validator.validate_email(address, check_deliverability=False).normalized
    except email_validator.EmailNotValidError:
        return None
