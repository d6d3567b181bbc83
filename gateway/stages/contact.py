"""Phone numbers and e-mail addresses.

Expressions settle what people usually write; a library judges the rest, each distinct text once and a bounded number of
them in a block. Beyond that number the expressions alone decide. The expressions say of no text that it is good where
the library says that it is not: property tests hold them to it. The libraries are imported when first needed.
"""

from typing import Final

import polars as pl

from contracts.layout import KOLOM
from gateway.stages.columns import Reading, as_sent, bare, judge, only, put, settled, text, unlike, value, way
from gateway.stages.patterns import (
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
_NATIONAL: Final = 9
"""Digits of a Dutch number without its zero."""
_UNLIKELY: Final = "unlikely"
_MAX_EMAIL: Final = KOLOM["email"].max_lengte
_MAX_PART: Final = 64
"""Characters before the @ (RFC 5321), and more than a label takes."""


def phone(name: str) -> Reading:
    """A phone number: ten digits of the Netherlands, or + and the country; of two numbers the first."""
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: unlike(name, PHONE_NL),
        bare=settled(text(name), way(_digits), way(_without_marks), way(_without_words)),
        thorough=lambda _dialect, _day: settled(bare(name), way(_domestic), way(_first), judge(_parsed, beyond=False)),
    )


def _digits(number: pl.Expr) -> pl.Expr:
    return only(number, r"^\+?[0-9]+$")


def _without_marks(number: pl.Expr) -> pl.Expr:
    return _digits(number.str.replace_all("[ .-]", ""))


def _without_words(number: pl.Expr) -> pl.Expr:
    told = number.str.to_lowercase().str.replace_all(PHONE_WORDS, "").str.replace("(0)", "", literal=True)
    compact = told.str.replace_all(r"[\s().\-–'‐-―]", "")
    return compact.str.replace(r"^(0[1-9][0-9]{1,2})/([0-9]{6,8})$", "$1$2")


def _domestic(number: pl.Expr) -> pl.Expr:
    whole = pl.when(number.str.len_bytes() == _NATIONAL).then("0" + number).otherwise(number)
    return only(whole, "^0[1-9][0-9]{8}$")


def _first(number: pl.Expr) -> pl.Expr:
    first = number.str.extract(PHONE, 1).str.replace(r"^(?:\+|00)?310?([1-9][0-9]{8})$", "0$1").str.replace("^00", "+")
    return pl.when(~first.str.starts_with("+31")).then(first)


def lost_a_zero(name: str) -> pl.Expr:
    """Nine digits of a phone number: a spreadsheet took it for a number and dropped the zero."""
    return bare(name).str.contains(r"^[1-9][0-9]{8}$")


def two_phones(name: str) -> pl.Expr:
    """Two numbers in one field."""
    return bare(name).str.contains(TWO_PHONES)


def unlikely_phone(name: str) -> pl.Expr:
    """A number that was never given out to anybody, or at which nobody can be called without paying."""
    return settled(value(name), way(_likely_dutch), way(_unlikely_dutch), judge(_wrong, beyond=False)) == _UNLIKELY


def _likely_dutch(number: pl.Expr) -> pl.Expr:
    return pl.when(number.str.contains(PHONE_NL)).then(pl.lit(""))


def _unlikely_dutch(number: pl.Expr) -> pl.Expr:
    return pl.when(number.str.starts_with("0")).then(pl.lit(_UNLIKELY))


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
        valid = phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        valid = False
    return None if valid else _UNLIKELY


def email(name: str) -> Reading:
    """An e-mail address, its domain in lower case; of two addresses the first."""
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: unlike(name, EMAIL_PLAIN) | (text(name).str.len_bytes() > _MAX_PART),
        bare=settled(only(text(name), "@"), way(_untrimmed), way(_trimmed)),
        thorough=lambda _dialect, _day: settled(bare(name), _usual, _of_two, _by_library),
    )


def _untrimmed(address: pl.Expr) -> pl.Expr:
    return only(address, r"^[^\s@<>;:,|/]+@[^\s@<>;:,|/]+$")


def _trimmed(address: pl.Expr) -> pl.Expr:
    own = address.str.replace(r"(?i)^mailto:\s*", "").str.replace(r"^[^<>]*<([^<>]*)>[\s;,]*$", "$1")
    return own.str.strip_chars(" \u00a0;,").str.replace(r"\s*@\s*", "@")


def _usual(addresses: pl.Series) -> pl.Series:
    halves = pl.col("text").str.split_exact("@", 1).struct
    lower = halves.field("field_0") + "@" + halves.field("field_1").str.to_lowercase()
    frame = addresses.to_frame("text").with_columns(lower.alias("lower"))
    whole = pl.col("lower").str.len_bytes() == pl.col("text").str.len_bytes()
    short = (pl.col("lower").str.len_bytes() <= _MAX_PART) & ~pl.col("lower").str.contains(EMAIL_RESERVED)
    good = whole & short & pl.col("lower").str.contains(EMAIL_SETTLED)
    return frame.select(pl.when(good).then("lower")).to_series()


def _of_two(addresses: pl.Series) -> pl.Series:
    """A second address has an @ of its own."""
    two = addresses.str.count_matches("@", literal=True) > 1
    if not two.any():
        return addresses.clear(len(addresses))
    return put(_usual(addresses.filter(two).str.extract(TWO_EMAILS, 1)), two, None)


def _by_library(addresses: pl.Series) -> pl.Series:
    """Of two the first; what cannot be an address is not asked."""
    first = addresses.str.extract(TWO_EMAILS, 1).fill_null(addresses)
    can_be = first.str.contains(EMAIL) & (first.str.len_chars() <= _MAX_EMAIL)
    asked = first.zip_with(can_be, pl.Series([None], dtype=pl.String))
    return judge(_normalised, beyond=True)(asked)


def two_emails(name: str) -> pl.Expr:
    """Two addresses in one field."""
    return value(name).is_not_null() & (bare(name).str.count_matches("@", literal=True) > 1)


def _normalised(address: str) -> str | None:
    import email_validator  # tens of milliseconds, for text that few files have

    try:
        return email_validator.validate_email(address, check_deliverability=False).normalized
    except email_validator.EmailNotValidError:
        return None
