"""What the expressions settle is what the libraries say; what they leave is asked, and bounded."""

import subprocess
import sys

import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType, is_valid_number, number_type, parse
from stdnum.nl import bsn, postcode

from gateway.stages import columns
from gateway.stages.identifiers import POSTCODE_PLAIN, elfproef
from gateway.stages.patterns import EMAIL_PLAIN, PHONE_NL
from tests.builders import a_row
from tests.unit.stages.oracle_values import email_compact, email_parts, phone_compact, read_email, read_phone
from tests.unit.stages.test_validate import checked, codes

_DIGITS = st.text("0123456789", min_size=8, max_size=8)
_numbers = st.builds("0{}{}".format, st.sampled_from("123456789"), _DIGITS)
_MARKED = st.sampled_from(
    ["{}", "{} (werk)", "tel. {}", "{} / 0201234567", "{} of 0612345678", "'{}", "{}x", "{} tst 1", "{}/2", "{} privé"]
)
_forms = st.sampled_from(
    ["0{}{}", "+31{}{}", "+31 {} {}", "0031{}{}", "31{}{}", "{}{}", "+31(0){}-{}", "+32{}{}", "+49 {} {}", "00 44 {}{}"]
)
_phones = st.builds(
    lambda mark, form, first, rest: mark.format(form.format(first, rest)),
    _MARKED,
    _forms,
    st.sampled_from("1236789"),
    _DIGITS,
)

_ATOMS = st.text("aZ9_%+-'&é", min_size=1, max_size=6)
_LABELS = st.text("aZ9-é", min_size=1, max_size=5)
_addresses = st.builds(
    lambda local, labels, end: f"{'.'.join(local)}@{'.'.join([*labels, end])}",
    st.lists(_ATOMS, min_size=1, max_size=3),
    st.lists(_LABELS, min_size=1, max_size=3),
    st.sampled_from(["nl", "NL", "info", "amsterdam", "test", "local", "x", "a1", "1a", "1", "xn--p1ai", ""]),
)
_mails = st.builds(
    lambda form, one, other: form.format(one, other),
    st.sampled_from(
        ["{}", " {} ", "mailto:{}", "Jan <{}>", "{};", "{}, {}", "{} {}", "{} of {}", "{}/{}", "{} @", "a{}"]
    ),
    _addresses,
    _addresses,
)


def _value(name: str, text: str) -> object:
    return checked(a_row("huur") | {name: text}).rows[name].item()


def _holds(expr: pl.Expr, text: str) -> bool:
    return bool(pl.DataFrame({"text": [text]}).select(expr).item())


@settings(max_examples=400, deadline=None)
@given(_numbers)
@example("0900123456")
@example("0800123456")
@example("0881234567")
def test_a_number_is_plain_when_the_library_says_that_somebody_can_have_it(number: str) -> None:
    known = parse(number, "NL")
    paid = number_type(known) in {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.TOLL_FREE}
    assert _holds(pl.col("text").str.contains(PHONE_NL), number) == (is_valid_number(known) and not paid)


@settings(max_examples=300, deadline=None)
@given(_phones)
@example("+31 06 12345678")
@example("06/12345678")
def test_a_number_in_any_form_is_read_as_by_hand(text: str) -> None:
    assert _value("telefoon", text) == read_phone(phone_compact(text.strip()))


@settings(max_examples=300, deadline=None)
@given(_addresses)
def test_a_plain_address_stands_as_the_library_writes_it(address: str) -> None:
    plain = _holds(pl.col("text").str.contains(EMAIL_PLAIN), address) and len(address) <= 64
    if plain:
        assert validate_email(address, check_deliverability=False).normalized == address


@settings(max_examples=400, deadline=None)
@given(_mails)
@example("Jan@Voorbeeld.NL")
@example("a@b.nl, c@d.nl")
def test_an_address_is_read_as_the_library_reads_it(text: str) -> None:
    assert _value("email", text) == read_email(text.strip())


@given(st.text("0123456789", min_size=9, max_size=9))
@example("000000000")
@example("010082426")
def test_the_elfproef_is_that_of_the_library(number: str) -> None:
    assert _holds(elfproef(pl.col("text")), number) == bsn.is_valid(number)


@given(st.from_regex(r"[0-9]{4}[A-Z]{2}", fullmatch=True) | st.from_regex(r"[1-9][0-9]{3}S[A-Z]", fullmatch=True))
def test_a_plain_postcode_is_one_of_the_library(text: str) -> None:
    assert _holds(pl.col("text").str.contains(POSTCODE_PLAIN), text) == postcode.is_valid(text)


@pytest.mark.parametrize("text", ["a@b.nl; c@d.nl", "a@b.nl c@d.nl", "a@b.nl/c@d.nl", "Jan@b.nl OF c@d.nl"])
def test_of_two_addresses_the_first_goes_on(text: str) -> None:
    result = checked(a_row("huur", email=text))
    assert codes(result) == {"email_twee_adressen"}
    assert result.rows["email"].item() == email_parts(email_compact(text))[0]


def test_what_many_texts_in_doubt_cost_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the expressions decide alone, and the same text is always read the same way in a block."""
    monkeypatch.setattr(columns, "DISTINCT_AT_MOST", 2)
    asked: list[str] = []

    def judge_one(text: str) -> str:
        asked.append(text)
        return "judged"

    texts = pl.Series(["a", "b", "a", "c", None])
    assert columns.judge(judge_one, beyond=False)(texts).to_list() == ["judged", "judged", "judged", None, None]
    assert columns.judge(judge_one, beyond=True)(texts).to_list() == ["judged", "judged", "judged", "c", None]
    assert asked == ["a", "b", "a", "b"]


def test_the_libraries_are_not_loaded_before_a_text_needs_them() -> None:
    script = (
        "import sys, gateway.stages.validate, gateway.stages.compose;"
        "sys.exit(int(bool({'phonenumbers', 'email_validator', 'stdnum'} & set(sys.modules))))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_address_of_the_library_is_none_without_it() -> None:
    with pytest.raises(EmailNotValidError):
        validate_email("a@b.test", check_deliverability=False)
    assert _value("email", "a@b.test") is None
