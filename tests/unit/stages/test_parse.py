"""From bytes to frames: how a file was written is found out, every record is counted, nothing is padded unseen."""

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.signaal import Soort
from gateway.stages.cut import BlockCutter, OpenQuoteError, RecordTooLongError, in_halves, next_record_end
from gateway.stages.detect import detect
from gateway.stages.dialect import Dialect, FileFinding, read_as, required_columns
from gateway.stages.frames import RAW
from gateway.stages.parse import Limits, Records, read_file
from tests.builders import a_csv, a_partner, a_row

NONE: frozenset[str] = frozenset()


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def read(data: bytes, *, size: int = 1 << 16, max_rows: int = 1_000, block_bytes: int = 1 << 20) -> Any:
    """(last dialect, one frame of all rows, findings)."""
    dialect, frames, findings = None, [], []
    for piece in read_file(
        chunks(data, size), required=NONE, limits=Limits(max_rows=max_rows, block_bytes=block_bytes)
    ):
        match piece:
            case Dialect():
                dialect = piece
            case Records():
                frames.append(piece.raw)
            case FileFinding():
                findings.append(piece)
    return dialect, pl.concat(frames) if frames else pl.DataFrame(schema=RAW), findings


def codes(data: bytes, **kw: Any) -> list[str]:
    return [finding.code for finding in read(data, **kw)[2]]


def a_file(*lines: str, header: str = "soort;kenmerk;achternaam", end: str = "\n") -> bytes:
    return "".join(line + end for line in (header, *lines)).encode()


# --- how it was written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252")])
def test_a_file_is_read_whatever_its_delimiter_line_end_and_character_set(
    delimiter: str, line_end: str, encoding: str, name: str
) -> None:
    rows = [a_row("energie", achternaam="Müller", straat='De "Hoek"; 1, 2|3'), a_row("zorg", woonplaats="Súdwest")]
    dialect, frame, findings = read(a_csv(rows, delimiter=delimiter, line_end=line_end, encoding=encoding))
    assert findings == []
    assert frame["achternaam"].to_list() == ["Müller", "Voorbeeld"]
    assert frame["straat"].to_list() == ['De "Hoek"; 1, 2|3', "Dorpsstraat"]
    assert frame["woonplaats"].to_list()[1] == "Súdwest"
    assert name in read_as(dialect)


def test_the_sentence_says_how_the_file_was_read() -> None:
    data = "Soort;Ken Merk;kenmerk;Bedrag;oudste-vervaldatum\nhuur;x;A1;1,50;2026-01-02\nénergie;x;A2;1,5;2026-01-02\n"
    assert read_as(read(data.encode("cp1252"))[0]) == (
        "gelezen als: Windows-1252, puntkomma, decimale komma, datums jjjj-mm-dd, 4 kolommen herkend, 1 genegeerd"
    )


def test_separators_of_the_canonical_form_become_another_control_character() -> None:
    _, frame, findings = read(a_file("huur;K\x1e1\x1f;Jansen"))
    assert frame["kenmerk"].to_list() == ["K\x1a1\x1a"]
    assert findings == []


def test_excels_own_first_line_is_stepped_over() -> None:
    assert read(b"sep=;\r\n" + a_file("huur;A1;Jansen", end="\r\n"))[1]["kenmerk"].to_list() == ["A1"]


def test_decimal_point_is_recognised() -> None:
    assert read(a_csv([a_row(bedrag="250.75")]))[0].decimal == "."
    assert read(a_csv([a_row(bedrag="250")], delimiter=","))[0].decimal == "."
    assert read(a_csv([a_row(bedrag="250")]))[0].decimal == ","


def test_the_character_set_is_settled_by_the_first_letter_beyond_ascii() -> None:
    lines = ["huur;A1;Jansen"] * 2_000
    for encoding, name in (("cp1252", "cp1252"), ("utf-8", "utf-8")):
        data = a_file(*lines) + "huur;A2;Müller\n".encode(encoding)
        dialect, frame, findings = read(data, block_bytes=4_096, size=512, max_rows=9_999)
        assert (dialect.encoding, findings) == (name, [])
        assert frame["achternaam"].to_list()[-1] == "Müller"


def test_a_change_of_character_set_refuses_the_file_at_its_row() -> None:
    data = a_file("huur;A1;Müller", *["huur;A2;Jansen"] * 100_000) + "huur;A3;Müller\n".encode("cp1252") * 9
    assert read(data, max_rows=10**6)[2] == [FileFinding(code="bestand_tekenset_wisselt", row_no=100_002)]


def test_an_open_quote_is_told_at_the_record_where_it_opens() -> None:
    data = a_file('a;"b";c', "", "a;b;c", 'a;5" buis;c', *["a;b;c"] * 9)
    assert read(data)[2] == [FileFinding(code="bestand_aanhalingsteken_open", row_no=3)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bestand_leeg"),
        (b"\xef\xbb\xbf \r\n\r\n", "bestand_leeg"),
        (b"\xff\xfe", "bestand_leeg"),
        ("\n".encode("utf-16-be"), "bestand_leeg"),
        (a_csv().decode().encode("utf-32"), "bestand_tekenset_onbekend"),
        (b"PK\x03\x04rest", "bestand_geen_csv"),
        (b"%PDF-1.7", "bestand_geen_csv"),
        (b"\xd0\xcf\x11\xe0\xa1", "bestand_geen_csv"),
        (a_file("huur;A\0;Jansen"), "bestand_nul_tekens"),
        (b"x" * 200_000 + b"\n", "bestand_geen_kopregel"),
        (b"soort" + b";" * 1_000_000 + b"\nhuur\n", "bestand_regel_te_lang"),
        (b"nummer;klant\n1;Jansen\n", "bestand_geen_kopregel"),
        (a_file("huur;A1;a;b", header="soort;kenmerk;Soort;kenmerk"), "bestand_kolom_dubbel"),
        (a_file('huur;A1;"Jansen'), "bestand_aanhalingsteken_open"),
        (a_file(), "bestand_zonder_regels"),
        (a_file("huur;A1;Jansen").rstrip(b"\n"), "regel_zonder_einde"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(data: bytes, code: str) -> None:
    assert codes(data) == [code]


def test_a_header_with_more_quotes_and_lines_than_a_header_has_is_read_in_one_pass() -> None:
    data = b'"' + b"\n" * (1 << 20)
    began = time.process_time()
    assert detect(data, required=NONE) == FileFinding(code="bestand_geen_kopregel")
    assert time.process_time() - began < 10  # counted anew at every line, it takes minutes


def test_a_field_of_the_header_longer_than_the_reader_takes_is_no_name() -> None:
    assert codes(a_file("huur;A1;y", header="soort;kenmerk;" + "x" * 200_000)) == ["bestand_geen_kopregel"]
    wide = a_file("huur;A1;y", header="soort;kenmerk" + ";kolomnaam" * 14_000)  # without its delimiter it is one field
    found = detect(wide, required=NONE)
    assert isinstance(found, Dialect)
    assert found.delimiter == ";"


@pytest.mark.parametrize("header", ['soort;kenmerk;"achter\r\nnaam"', 'soort;kenmerk;"a\rb"', "soort;kenmerk;naam\r"])
def test_a_carriage_return_in_quotes_or_before_the_line_end_is_no_line_end(header: str) -> None:
    assert read(a_file("huur;A1;x", header=header))[1]["kenmerk"].to_list() == ["A1"]


def test_a_required_column_that_is_absent_is_named() -> None:
    finding = detect(a_file("huur;A1;Jansen"), required={"soort", "bedrag", "postcode"})
    assert finding == FileFinding(code="bestand_kolom_ontbreekt", vorm="postcode, bedrag")


def test_a_constant_of_the_partner_stands_for_a_column() -> None:
    partner = a_partner(soorten=(Soort.ENERGIE,), constanten={"soort": "energie", "gewezen_op_schuldhulp": "Ja"})
    required = required_columns(partner, frozenset({Soort.ENERGIE}))
    assert {"klantnummer", "producten", "kenmerk"} <= required
    assert not {"soort", "gewezen_op_schuldhulp", "polisnummer"} & required
    both = required_columns(partner, frozenset({Soort.ENERGIE, Soort.ZORG}))
    assert not {"klantnummer", "polisnummer", "persoonlijk_contact_gezocht"} & both


def test_no_unknown_header_is_repeated() -> None:
    """A file without a header line has a resident where the header should be."""
    finding = detect(b"Jansen;Dorpsstraat;kenmerk\n", required={"soort"})
    assert isinstance(finding, FileFinding)
    assert finding.vorm == "soort"


def test_more_rows_than_allowed_refuse_the_file() -> None:
    assert codes(a_file(*["huur;A1;Jansen"] * 11), max_rows=11) == []
    assert read(a_file(*["huur;A1;Jansen"] * 12), max_rows=11)[2] == [
        FileFinding(code="bestand_te_veel_regels", vorm="11")
    ]


def test_a_record_longer_than_a_block_refuses_the_file() -> None:
    data = a_file("huur;A1;Jansen", "huur;A2;" + "x" * 9_000)
    assert codes(data, block_bytes=4_096, size=100) == ["bestand_regel_te_lang"]


# --- records -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_short_and_long_records_are_marked_and_one_empty_field_too_many_is_not(end: str) -> None:
    data = a_file("a;b;c", "a;b", "a;b;c;d", "a;b;c;", "a;b;", "a;b;c;;", end=end)
    _, frame, _ = read(data)
    assert frame["misfit"].to_list() == [False, True, True, False, False, False]
    assert frame["achternaam"].to_list() == ["c", None, "c", "c", None, "c"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_filled_field_beyond_the_header_is_too_many_and_empty_columns_beside_the_table_are_none(quote: str) -> None:
    data = a_file(f"{quote}a{quote};b;c", "a;b;c;;;d", "a;b;c;;", "a;b", header="soort;kenmerk;achternaam;;")
    assert read(data)[1]["misfit"].to_list() == [False, True, False, True]


def test_lines_that_end_in_carriage_returns_late_in_a_file_are_records() -> None:
    rows = ["huur;A1;Jansen"] * 80_000
    data = a_file(*rows) + b"huur;A2;Jansen\rhuur;A3;Jansen\rhuur;A4;Jansen\r\n"
    _, frame, findings = read(data, max_rows=10**6)
    assert findings == []
    assert frame["kenmerk"].to_list()[-3:] == ["A2", "A3", "A4"]
    assert not frame["misfit"].any()


def test_halves_of_surrogate_pairs_in_utf_8_are_a_character_or_a_lost_one() -> None:
    data = a_file("huur;é;Jansen", "huur;A2;J") + b"huur;\xed\xa0\xbd\xed\xb8\x80;\xed\xa0\x80\n"
    dialect, frame, findings = read(data)
    assert (dialect.encoding, findings) == ("utf-8", [])
    assert frame.select("kenmerk", "achternaam").row(2) == ("😀", "\ufffd")


def test_a_short_and_a_long_record_do_not_hide_each_other() -> None:
    assert read(a_file("a;b", "a;b;c;", "a;b;"))[1]["misfit"].to_list() == [True, False, False]


def test_a_quoted_delimiter_does_not_make_up_for_a_missing_one() -> None:
    assert read(a_file('"a;x";b;c', "a;b"))[1]["misfit"].to_list() == [False, True]


def test_quoted_delimiters_are_no_fields() -> None:
    data = a_file('"a;x";b;', 'a;"b;y"', '"a";"b""q";"c\nd"', 'a;5" buis;c', "a;b;c", 'a;6" buis;c', "a;b")
    _, frame, _ = read(data)
    assert frame["misfit"].to_list() == [False, True, False, False, False, False, True]
    assert frame["achternaam"].to_list() == [None, None, "c\nd", "c", "c", "c", None]
    assert frame["kenmerk"].to_list() == ["b", "b;y", 'b"q', '5" buis', "b", '6" buis', "b"]


@pytest.mark.parametrize("last", ["a;b", '"a";b'])
def test_a_carriage_return_alone_ends_no_record(last: str) -> None:
    _, frame, _ = read(a_file("a;b\rx;c", "a;b;c", last, end="\r\n"))
    assert frame["misfit"].to_list() == [False, False, True]
    assert frame["kenmerk"].str.slice(2).to_list() == ["x", "", ""]


def test_lines_without_a_value_do_not_count() -> None:
    _, frame, findings = read(a_file("a;b;c", "", ";;", "a;b;c", ";;", "", end="\r\n"))
    assert frame["row_no"].to_list() == [1, 2]
    assert findings == []


def test_quoted_empty_is_empty() -> None:
    _, frame, _ = read(a_file('"a";"";"c"', '"a";"b";""'))
    assert frame["kenmerk"].to_list() == [None, "b"]
    assert frame["achternaam"].to_list() == ["c", None]


_field = st.text(st.sampled_from('ab;"\n ,é'), max_size=6)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(_field, _field, st.text("abc", min_size=1, max_size=3)), min_size=1, max_size=30),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.integers(1, 200),
    st.integers(60, 400),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_writes_is_read_back_whatever_the_chunks_and_blocks(
    rows: list[tuple[str, str, str]], quoting: Any, size: int, block_bytes: int, end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=quoting, lineterminator=end)
    writer.writerows([("soort", "kenmerk", "achternaam"), *rows])
    _, frame, findings = read(text.getvalue().encode(), size=size, block_bytes=block_bytes)
    assert findings == []
    assert not frame["misfit"].any()
    got = frame.select("soort", "kenmerk", "achternaam").rows()
    assert got == [tuple(field or None for field in row) for row in rows]
    assert frame["row_no"].to_list() == list(range(1, len(rows) + 1))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "b b", "", "ç"]), min_size=1, max_size=5), min_size=1, max_size=12))
def test_a_record_fits_when_its_fields_are_as_many_as_the_header(rows: list[list[str]]) -> None:
    _, frame, _ = read(a_file(*(";".join(row) for row in rows)))
    counted = [row for row in rows if any(row[:3])]
    fits = [len(row) >= 3 and not any(row[3:]) for row in counted]
    assert [not misfit for misfit in frame["misfit"]] == fits


# --- the cutter ----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a;b\n", 'a;"b\nc"\n', '"x""\n""y";z\n', "\n", "q\r\n"]), max_size=40),
    st.integers(1, 50),
    st.integers(30, 90),
)
def test_blocks_add_up_and_end_where_a_record_ends(records: list[str], size: int, block_bytes: int) -> None:
    data = "".join(records).encode()
    cutter = BlockCutter(block_bytes)
    blocks = [block for chunk in chunks(data, size) for block in cutter.feed(chunk)]
    rest, ended = cutter.finish()
    assert b"".join([*blocks, rest]) == data
    assert ended
    for block in blocks:
        assert block.endswith(b"\n")
        assert block.count(b'"') % 2 == 0
        assert len(block) <= block_bytes + size


@settings(deadline=None)
@given(
    st.one_of(
        st.lists(st.sampled_from(["a;b\n", 'a;"b\nc"\n', "\n", "q\r\n"]), max_size=60),
        st.lists(st.sampled_from(["a;b\n", "\n", "q\r\n"]), min_size=10, max_size=60),
    ).map("".join),
    st.integers(1, 99),
    st.integers(30, 60),
)
def test_where_is_cut_does_not_depend_on_the_chunks(data: str, size: int, block_bytes: int) -> None:
    def cut(size: int) -> list[bytes]:
        cutter = BlockCutter(block_bytes)
        return [*(block for chunk in chunks(data.encode(), size) for block in cutter.feed(chunk)), cutter.finish()[0]]

    assert cut(size) == cut(len(data) or 1)


def test_the_cutter_refuses_what_never_ends() -> None:
    with pytest.raises(RecordTooLongError):
        BlockCutter(64).feed(b'"' + b"a\n" * 64)
    cutter = BlockCutter(64)
    cutter.feed(b'a;"b\n')
    with pytest.raises(OpenQuoteError):
        cutter.finish()


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a;b\n", 'a;"b\n\nc"\n', '"x""\n""y";z\n', "\n", "q" * 40 + "\r\n"]), max_size=40),
    st.integers(1, 9),
)
def test_parts_of_a_block_add_up_and_have_few_lines(records: list[str], most_lines: int) -> None:
    data = "".join(records).encode()
    parts = list(in_halves(data, most_lines=most_lines))
    assert b"".join(parts) == data
    for part in parts:
        assert part.count(b'"') % 2 == 0
        assert part.count(b"\n") <= most_lines or next_record_end(part, 0) == len(part)
