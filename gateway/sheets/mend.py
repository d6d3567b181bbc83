"""What the library would leave out of a workbook is put in its way as text, before it opens it.

It reads a cell with an error as empty, and tabs and line breaks in a text of LibreOffice as nothing; then the partner
would hear of an empty field, or of nothing, where its own screen shows `#N/B`.
"""

import io
import re
from collections.abc import Iterator
from typing import Final

from contracts.profiel import Bestandsvorm
from gateway.sheets.survey import Survey
from gateway.sheets.zips import Archive

_DUTCH: Final = {
    b"#N/A": b"#N/B",
    b"#DIV/0!": b"#DEEL/0!",
    b"#NAME?": b"#NAAM?",
    b"#NULL!": b"#LEEG!",
    b"#NUM!": b"#GETAL!",
    b"#REF!": b"#VERW!",
    b"#VALUE!": b"#WAARDE!",
}
"""As the Dutch Excel shows them; files have them in English."""
_XLSX_ERROR: Final = re.compile(rb' t="e"([^<>]*>(?:<f\b[^<>]*(?:/>|>[^<]*</f>))?<v>)([^<]*)')
_ODS_ERROR: Final = re.compile(rb'(?: office:string-value="")?( calcext:value-type="error"[^<>]*>)(?:<text:p>([^<]*))?')


def mended(archive: Archive, found: Survey, vorm: Bestandsvorm, *, limit: int) -> bytes | None:
    """The workbook again with its errors as text; None when there is nothing to mend."""
    if not any(part.errors for part in found.parts.values()):
        return None
    import zipfile  # seldom needed, and slow to load

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for member in archive.members:
            part = found.parts.get(member.name.lower())
            pieces = archive.read(member, limit=limit)
            with target.open(member.name, "w", force_zip64=True) as file:
                for piece in _mend(pieces, vorm) if part is not None and part.errors else pieces:
                    file.write(piece)
    return out.getvalue()


def _mend(pieces: Iterator[bytes], vorm: Bestandsvorm) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        text = rest + piece
        end = text.rfind(b"row>") + len(b"row>")
        end = end if end >= len(b"row>") else 0
        yield _mend_text(text[:end], vorm)
        rest = text[end:]
    yield _mend_text(rest, vorm)


def _mend_text(text: bytes, vorm: Bestandsvorm) -> bytes:
    if vorm is Bestandsvorm.ODS:
        text = _ODS_ERROR.sub(lambda match: match[1] + (b"<text:p>" + _dutch(match[2]) if match[2] else b""), text)
        return text.replace(b"<text:tab/>", b"\t").replace(b"<text:line-break/>", b"\n")
    return _XLSX_ERROR.sub(lambda match: b' t="str"' + match[1] + _dutch(match[2]), text)


def _dutch(error: bytes) -> bytes:
    return _DUTCH.get(error, error)
