"""Told from the first bytes: what is packed, what is text, and what is not read at all."""

import pytest

from contracts.profiel import Bestandsvorm
from gateway.stages.csv_text import NUL_SUBSTITUTE
from gateway.stages.frames import SUBSTITUTE
from gateway.stages.source import foreign, packing, text_form, zip_form
from tests.files import a_zip

CSV, JSON, LINES = Bestandsvorm.CSV, Bestandsvorm.JSON, Bestandsvorm.JSON_REGELS


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"soort;kenmerk\r\n", CSV),
        (b"[soort];[kenmerk]\r\n", CSV),
        (b"{soort},{kenmerk}\r\n", CSV),
        (b'"soort";"kenmerk"\r\n', CSV),
        (b"", CSV),
        (b'[{"soort":"huur"}]', JSON),
        (b'\xef\xbb\xbf \n[\n  {"soort":"huur"}]', JSON),
        (b"[]", JSON),
        (b"[", JSON),
        (b'{"soort":"huur"}\n{"soort":"zorg"}', LINES),
        (b'\r\n{ "soort":', LINES),
        ('[{"soort":"huur"}]'.encode("utf-16"), JSON),
        ('{"soort":"huur"}'.encode("utf-16-be").join([b"\xfe\xff", b""]), LINES),
        ("soort;kenmerk".encode("utf-16"), CSV),
    ],
)
def test_json_is_told_from_csv(head: bytes, form: Bestandsvorm) -> None:
    assert text_form(head) is form


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "een oude Excel-werkmap (.xls)"),
        (b"%PDF-1.7", "een PDF-bestand"),
        (b"7z\xbc\xaf\x27\x1c", "een ingepakt bestand van 7-Zip"),
        (b"Rar!\x1a\x07", "een ingepakt bestand van RAR"),
        (b"{\\rtf1\\ansi", "een tekstverwerkerdocument (RTF)"),
        (b"\xef\xbb\xbf<?xml version", "een XML-bestand"),
        (b"\r\n<!DOCTYPE html>", "een webpagina (HTML)"),
        (b"<HTML><body><TABLE>", "een webpagina (HTML)"),
        (b"<table><tr>", "een webpagina (HTML)"),
        (b"\x89PNG\r\n\x1a\n", "een afbeelding"),
        (b"\x1f\x8b\x08\x00", "een ingepakt bestand (gzip)"),
        (b"PK\x03\x04\x14\x00", "een Excel-werkmap (.xlsx) of een ZIP-bestand"),
    ],
)
def test_what_is_not_read_is_named(head: bytes, said: str) -> None:
    assert foreign(head) == said


@pytest.mark.parametrize("head", [b"", b"soort;kenmerk", b"PK;kenmerk", b"<klant>;kenmerk", "é;b".encode("utf-16")])
def test_text_is_not_foreign(head: bytes) -> None:
    assert foreign(head) is None


def test_packing_is_told() -> None:
    assert packing(b"\x1f\x8b\x08") == "gzip"
    assert packing(a_zip({"a.csv": b"x"})) == "zip"
    assert packing(a_zip({})) == "zip"
    assert packing(b"soort;kenmerk") is None


@pytest.mark.parametrize(
    ("names", "mimetype", "said"),
    [
        ({"signalen.csv"}, b"", None),
        ({"[Content_Types].xml", "xl/workbook.xml"}, b"", Bestandsvorm.XLSX),
        ({"[Content_Types].xml", "xl/workbook.bin"}, b"", "een Excel-werkmap in binaire vorm (.xlsb)"),
        ({"[Content_Types].xml", "word/document.xml"}, b"", "een document van Word of PowerPoint"),
        ({"mimetype", "content.xml"}, b"application/vnd.oasis.opendocument.spreadsheet", Bestandsvorm.ODS),
        (
            {"mimetype", "content.xml"},
            b"application/vnd.oasis.opendocument.text",
            "een document van LibreOffice of OpenOffice",
        ),
        ({"Index/Document.iwa"}, b"", "een werkblad van Numbers"),
        ({"mimetype"}, b"text/csv", None),
    ],
)
def test_what_a_zip_is_follows_from_its_members(names: set[str], mimetype: bytes, said: str | None) -> None:
    assert zip_form(names, mimetype) == said


def test_the_substitute_is_the_same_everywhere() -> None:
    assert NUL_SUBSTITUTE == SUBSTITUTE
