"""Names and addresses in one piece: taken apart, marked where it could be otherwise, and nothing lost."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.layout import SAMENGESTELD
from gateway.stages.addresses import split_addresses, split_houses, split_towns
from gateway.stages.compose import expand
from gateway.stages.names import split_names

_NAMES = ("voorletters", "voorvoegsel", "achternaam", "onzeker")


def _apart(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(value for name, value in row.items() if name != "text")


def _name(text: str) -> tuple[object, ...]:
    return split_names(pl.Series([text])).select(_NAMES).row(0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jansen, J.P. van der", ("J.P.", "van der", "Jansen", False)),
        ("J.P. van der Jansen", ("J.P.", "van der", "Jansen", False)),
        ("Dhr. J. Jansen", ("J.", None, "Jansen", False)),
        ("de heer J. Jansen", ("J.", None, "Jansen", False)),
        ("Mevr. drs. A. 't Hart", ("A.", "'t", "Hart", False)),
        ("Jansen, dhr. J.P.", ("J.P.", None, "Jansen", False)),
        ("Berg, van den", (None, "van den", "Berg", False)),
        ("Berg, van den, J.", ("J.", "van den", "Berg", False)),
        ("van der Berg, J.P.", ("J.P.", "van der", "Berg", False)),
        ("Jansen-de Vries, A.", ("A.", None, "Jansen-de Vries", False)),
        ("Jansen e/v de Vries, A.", ("A.", None, "Jansen e/v de Vries", False)),
        ("Jan van der Berg", ("Jan", "van der", "Berg", False)),
        ("JP Jansen", ("JP", None, "Jansen", False)),
        ("Jansen J.P.", ("J.P.", None, "Jansen", False)),
        ("Jansen", (None, None, "Jansen", False)),
        ("Bouwbedrijf J. Jansen B.V.", (None, None, "Bouwbedrijf J. Jansen B.V.", False)),
        ("Fam. Jansen", (None, None, "Jansen", True)),
        ("Dhr. en mevr. Jansen", (None, None, "Jansen", True)),
        ("J. Jansen en P. de Vries", (None, None, "J. Jansen en P. de Vries", True)),
        ("Jan Jansen", ("Jan", None, "Jansen", True)),
        ("J.P. VAN DER BERG", ("J.P.", None, "VAN DER BERG", False)),
        ("A, b, c, d", (None, None, "A, b, c, d", True)),
    ],
)
def test_a_name_in_one_piece(text: str, expected: tuple[object, ...]) -> None:
    assert _name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dorpsstraat 12", ("Dorpsstraat", "12", None, None, None, None, False)),
        ("Dorpsstraat 12 a bis", ("Dorpsstraat", "12", "a", "bis", None, None, False)),
        ("Dorpsstraat 12-2", ("Dorpsstraat", "12", None, "2", None, None, False)),
        ("Dorpsstraat 12 A III", ("Dorpsstraat", "12", "A", "III", None, None, False)),
        ("1e Oosterparkstraat 3 hs", ("1e Oosterparkstraat", "3", None, "hs", None, None, False)),
        ("1e Oosterparkstraat", ("1e Oosterparkstraat", None, None, None, None, None, False)),
        ("Plein 1944 12", ("Plein 1944", "12", None, None, None, None, False)),
        ("Laan 40-45 nr 7", ("Laan 40-45", "7", None, None, None, None, False)),
        ("Laan 40-45", ("Laan 40-45", None, None, None, None, None, False)),
        ("Dorpsstraat 12, 1234 AB Amsterdam", ("Dorpsstraat", "12", None, None, "1234 AB", "Amsterdam", False)),
        ("Dorpsstraat 12 2", ("Dorpsstraat", "12", None, "2", None, None, True)),
        ("Dorpsstraat 12-feb", ("Dorpsstraat", "12", None, "feb", None, None, True)),
        ("Dorpsstraat 12 t/m 14", ("Dorpsstraat", "12", None, "t/m 14", None, None, True)),
        ("12 Dorpsstraat", ("Dorpsstraat", "12", None, None, None, None, True)),
        ("Dorpsstraat12", ("Dorpsstraat", "12", None, None, None, None, True)),
        ("Rijksweg N201 5", ("Rijksweg N201", "5", None, None, None, None, True)),
        ("12A-2-3", ("12A-2-3", None, None, None, None, None, True)),
    ],
)
def test_an_address_in_one_piece(text: str, expected: tuple[object, ...]) -> None:
    assert _apart(split_addresses(pl.Series([text])).row(0, named=True)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", ("12", None, None, False)),
        ("12a", ("12", "a", None, False)),
        ("12 bis", ("12", None, "bis", False)),
        ("12-14", ("12", None, "14", False)),
        ("12 A-2", ("12", "A", "2", False)),
        ("12-2-2026", ("12", None, "2-2026", True)),
        ("bis", ("bis", None, None, True)),
    ],
)
def test_a_house_number_with_what_stands_behind_it(text: str, expected: tuple[object, ...]) -> None:
    assert _apart(split_houses(pl.Series([text])).row(0, named=True)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234 AB Amsterdam", ("1234 AB", "Amsterdam", False)),
        ("NL-1234AB Amsterdam", ("1234AB", "Amsterdam", False)),
        ("Amsterdam, 1234 AB", ("1234 AB", "Amsterdam", False)),
        ("1234 De Bilt", ("1234", "De Bilt", False)),
        ("1234 ab Amsterdam", ("1234 ab", "Amsterdam", True)),
        ("'s-Gravenhage", (None, "'s-Gravenhage", False)),
        ("12 huizen", (None, "12 huizen", True)),
    ],
)
def test_a_postcode_and_a_town_in_one_piece(text: str, expected: tuple[object, ...]) -> None:
    assert _apart(split_towns(pl.Series([text])).row(0, named=True)) == expected


def _letters(*texts: object) -> Counter[str]:
    return Counter(c for text in texts if text is not None for c in str(text) if c.isalnum())


_WORDS = st.sampled_from([
    "Jansen", "van", "der", "J.P.", "JP", "e/v", "de", "Vries", "en", ",", "Jan", "12", "é?", "A", "bis", "-", "1234",
    "AB", "Plein", "1944", "40-45", "1e", "straat", "(x)", "&", "/", "B.V.", "2b", "\t", "\n", "Postbus",
])  # fmt: skip
_texts = st.lists(_WORDS, max_size=7).map(" ".join) | st.text(max_size=20)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SAMENGESTELD)), _texts)
@example("adres", "12 ")
@example("naam", "A.")
@example("naam", "Wilhelmina Petronella Johannetta de Wit")
def test_no_letter_and_no_digit_is_lost(column: str, text: str) -> None:
    parts = expand(pl.DataFrame({column: [text]}), [column], {}).drop("naam_onzeker", "adres_onzeker", strict=False)
    assert _letters(*parts.row(0)) == _letters(text)


def test_a_part_never_takes_the_place_of_a_filled_field() -> None:
    frame = pl.DataFrame({"naam": ["J. Jansen", "P. Pieters", None], "voorletters": ["X.", " ", None]})
    result = expand(frame, ["naam"], {})
    assert "naam" not in result.columns
    assert result["voorletters"].to_list() == ["X.", "P.", None]
    assert result["achternaam"].to_list() == ["Jansen", "Pieters", None]
    assert result["naam_onzeker"].to_list() == [False, False, False]


def test_marks_of_several_composed_columns_add_up() -> None:
    frame = pl.DataFrame({"adres": ["Dorp 1 2", "Dorp 1"], "postcode_woonplaats": ["1234 AB Ede", "12 x"]})
    result = expand(frame, ["postcode_woonplaats", "adres"], {})
    assert result["adres_onzeker"].to_list() == [True, True]
    assert result["postcode"].to_list() == ["1234 AB", None]


def test_words_of_the_partner_become_words_of_the_layout() -> None:
    frame = pl.DataFrame({"soort": [" WONING", "huur", None, "x"], "kenmerk": ["1", "2", "3", "4"]})
    result = expand(frame, [], {"soort": {"Woning ": "huur"}, "bezwaar": {"y": "Ja"}})
    assert result["soort"].to_list() == ["huur", "huur", None, "x"]
    assert result.columns == frame.columns


def test_without_composed_columns_the_frame_is_as_it_was() -> None:
    frame = pl.DataFrame({"soort": ["huur"], "row_no": [1]})
    assert expand(frame, [], {}).equals(frame)
