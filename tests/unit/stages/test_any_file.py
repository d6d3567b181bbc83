"""Any bytes at all: always an answer, the same in whatever chunks they come, and every record accounted for."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.aanlevering import Ernst
from contracts.profiel import Bedrageenheid, Datumvolgorde, Profiel, Tekenset
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.explain import explain
from gateway.stages.parse import Limits, Piece, Records, read_file
from gateway.stages.rules import rule

HEADER = b"soort;kenmerk;achternaam;straat;postcode;bedrag;oudste_vervaldatum\n"
ROW = b"huur;S-1;Voorbeeld;Dorpsstraat;1012 AB;250,75;01-10-2026\n"


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def pieces(
    data: bytes, *, size: int = 1 << 16, block_bytes: int = 4_096, profiel: Profiel | None = None
) -> list[Piece]:
    limits = Limits(max_rows=10**6, block_bytes=block_bytes)
    return list(read_file(chunks(data, size), required=frozenset(), limits=limits, profiel=profiel))


def told(found: list[Piece]) -> Any:
    """What can be compared of the pieces: dialects, findings, and all rows as one frame each."""
    frames = [piece for piece in found if isinstance(piece, Records)]
    others = [piece for piece in found if not isinstance(piece, Records)]
    if not frames:
        return others, None, None
    return others, pl.concat([f.raw for f in frames]).rows(), pl.concat([f.sent for f in frames]).rows()


_scraps = st.sampled_from(
    [
        *(HEADER, ROW, b"\n", b"\r", b"\r\n", b'"', b'""', b";", b",", b"\t", b"|", b"\0", b"\x1a", b"\x1e\x1f"),
        *(
            b"\xef\xbb\xbf",
            b"\xff\xfe",
            b"\xfe\xff",
            b"\xed\xa0\x80",
            b"\xed\xa0\xbd\xed\xb8\x80",
            b"\xc3",
            b"\xc3\xa9",
        ),
        *(b"\xe9", b"\x80", b"\x81", b"\xa4 12", b"sep=;\n", b"sep=\n", b"Totaal;;;;;12,50\n", b";;;;;12,50;\n"),
        *(
            b"   ;  ;\n",
            b"naam;adres\n",
            b"Debiteurnr;tel;mobiel\n",
            b"1,250",
            b"02-25-2026",
            b"=1+1",
            b"%PDF",
            b"x" * 700,
        ),
        *("soort;kenmerk\nhuur;é\n".encode("utf-16-le"), "kenmerk\n\ud800".encode("utf-16-be", "surrogatepass")),
    ]
)
_any_bytes = st.one_of(st.binary(max_size=300), st.lists(_scraps, max_size=24).map(b"".join))
_with_header = st.tuples(st.sampled_from([b"", b"\xef\xbb\xbf"]), st.just(HEADER), _any_bytes).map(b"".join)
_profiles = st.none() | st.builds(
    Profiel,
    naam=st.just("P"),
    tekenset=st.none() | st.sampled_from(Tekenset),
    scheidingsteken=st.none() | st.sampled_from([";", ",", "\t", "|"]),
    kopregel=st.none() | st.integers(0, 5),
    decimaalteken=st.none() | st.sampled_from([",", "."]),
    datumvolgorde=st.none() | st.sampled_from(Datumvolgorde),
    bedragen_in=st.none() | st.sampled_from(Bedrageenheid),
    kolommen=st.dictionaries(st.sampled_from(["1", "3", "Debiteurnr", "tel"]), st.sampled_from(["kenmerk", "naam"])),
    negeren=st.lists(st.sampled_from(["soort", "mobiel"])).map(tuple),
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(_any_bytes, _with_header), st.integers(1, 400), st.sampled_from([64, 300, 4_096]), _profiles)
@example(b"\0", 1, 64, None)
@example(b"\xff\xfe\0", 1, 64, None)
@example(HEADER + b"\xed\xa0\x80;\xff\n", 7, 64, None)
def test_any_bytes_give_an_answer_whatever_the_chunks(
    data: bytes, size: int, block_bytes: int, profiel: Profiel | None
) -> None:
    whole = pieces(data, size=len(data) or 1, block_bytes=block_bytes, profiel=profiel)
    assert told(whole) == told(pieces(data, size=size, block_bytes=block_bytes, profiel=profiel))
    first, *others = whole
    assert isinstance(first, (Dialect, FileFinding))
    assert all(isinstance(piece, Records) or piece is whole[-1] or _remark(piece) for piece in others)
    if isinstance(first, Dialect):
        assert all(sentence.endswith(".") for sentence in explain(first))
    numbers = [number for piece in whole if isinstance(piece, Records) for number in piece.raw["row_no"]]
    assert numbers == list(range(1, len(numbers) + 1))


def _remark(piece: Piece) -> bool:
    return isinstance(piece, Dialect) or (isinstance(piece, FileFinding) and rule(piece.code).ernst is not Ernst.FATAL)


_cell = st.text(st.sampled_from('aë5"; \n.'), max_size=4)
_records = st.lists(
    st.one_of(
        st.tuples(st.just("huur"), _cell, st.text("abc", min_size=1, max_size=3), _cell, _cell, _cell, _cell),
        st.just(("",) * 7),
        st.just(("soort", "kenmerk", "achternaam", "straat", "postcode", "bedrag", "oudste_vervaldatum")),
        st.just(("", "Totaal", "", "", "", "12,50", "")),
    ),
    max_size=25,
)


@settings(max_examples=200, deadline=None)
@given(_records, st.integers(1, 300), st.sampled_from([200, 4_096]), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_every_record_is_a_row_or_is_told(
    records: list[tuple[str, ...]], size: int, block_bytes: int, encoding: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows([HEADER.decode().strip().split(";"), *records])
    found = pieces(text.getvalue().encode(encoding), size=size, block_bytes=block_bytes)
    codes = {piece.code: int(piece.vorm or 0) for piece in found if isinstance(piece, FileFinding)}
    rows = [row for piece in found if isinstance(piece, Records) for row in piece.sent.drop("row_no").rows()]
    assert rows == [tuple(cell or None for cell in record) for record in records if record[0] == "huur"]
    assert codes.get("kopregel_herhaald", 0) == sum(1 for record in records if record[0] == "soort")
    assert codes.get("totaalregel_overgeslagen", 0) == sum(1 for record in records if record[1] == "Totaal")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (HEADER + b'huur;"' + b"x" * (1 << 20) + b'"\n', "bestand_regel_te_lang"),
        (HEADER + b'huur;"' + ROW * 20_000, "bestand_regel_te_lang"),
        (b"soort" + b";" * 2_000_000 + b"\n" + ROW, "bestand_regel_te_lang"),
        (b"soort;kenmerk" + (b";" + b"x" * 60_000) * 20 + b"\n" + ROW, "bestand_regel_te_lang"),
        (HEADER + ROW * 30 + ("Ë" * 9_000).encode("utf-16-le"), "bestand_tekenset_wisselt"),
        ((HEADER + ROW).decode().encode("utf-16-le") + ROW * 300, "bestand_tekenset_wisselt"),
        (HEADER + ROW + b"a\0b\n", "bestand_nul_tekens"),
        (b"\xff\xfe\0\0" + b"s\0\0\0", "bestand_tekenset_onbekend"),
        (b"\0\0\xfe\xff", "bestand_tekenset_onbekend"),
        (b"\x93\x11\x87" * 3_000, "bestand_geen_kopregel"),
    ],
)
def test_what_no_partner_should_send_is_refused_by_name(data: bytes, code: str) -> None:
    last = pieces(data, block_bytes=1 << 19)[-1]
    assert isinstance(last, FileFinding)
    assert last.code == code


def test_millions_of_rows_of_nothing_are_no_rows() -> None:
    for nothing in (b"\n", b";;;;;;\r\n", b"  ;;  ;;;;\n"):
        found = pieces(HEADER + nothing * 300_000, block_bytes=1 << 20)
        assert [type(piece) for piece in found] == [Dialect, FileFinding]
        assert found[1] == FileFinding(code="bestand_zonder_regels")
