"""Where the sheets of an Excel workbook lie in its archive (ISO/IEC 29500-2)."""

import posixpath
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

from gateway.sheets.zips import Archive
from gateway.stages.unreadable import damaged

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_MAX_BYTES: Final = 4 << 20
"""Of either part; a workbook of a thousand sheets has a tenth of it."""


def sheet_paths(archive: Archive) -> dict[str, str]:
    """Name of each sheet → path of its member, for those that lie where programs put them; raises UnreadableError."""
    targets = {
        element.get("Id", ""): posixpath.normpath(posixpath.join("/xl", element.get("Target", "")))[1:]
        for element in _elements(archive, _RELATIONS, "Relationship")
    }
    return {
        element.get("name", ""): targets.get(_relation(element), "")
        for element in _elements(archive, _WORKBOOK, "sheet")
    }


def _relation(element: Element) -> str:
    return next((value for key, value in element.attrib.items() if key.endswith("}id")), "")


def _elements(archive: Archive, path: str, name: str) -> Iterator[Element]:
    member = next((member for member in archive.members if member.name.lower() == path), None)
    if member is None:
        return iter(())
    try:
        root = fromstring(b"".join(archive.read(member, limit=_MAX_BYTES)))  # noqa: S314 - a DTD was refused before
    except ParseError:
        raise damaged("de werkmap is beschadigd") from None
    return (element for element in root.iter() if element.tag.rpartition("}")[2] == name)
