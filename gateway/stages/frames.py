"""The frames that travel between the stages: named, with a checked schema. A frame of another shape is a defect.

RAW           one line per record of the file, every layout column as text, as the partner sent it
CHECKED_ROWS  one line per record: where it stands and every field of `contracts.signaal.Signaal`, typed
FINDINGS      one line per finding
"""

from typing import Final

import polars as pl

from contracts.layout import KOLOMMEN

Schema = dict[str, pl.DataType]

RAW: Final[Schema] = {
    "row_no": pl.UInt32(),
    "misfit": pl.Boolean(),
    **{kolom.naam: pl.String() for kolom in KOLOMMEN},
}
"""`row_no` counts from 1; `misfit`: the record has another number of fields than the header. No text holds NUL or one
of the separators of the canonical form: a file with NUL is refused, `SEPARATORS` are replaced by `SUBSTITUTE`."""

MARKS: Final[Schema] = {"naam_onzeker": pl.Boolean(), "adres_onzeker": pl.Boolean()}
"""May stand behind RAW, each or none, in this order: the row's name or address came in one piece that could be taken
apart otherwise. The names are codes of rules."""

SEPARATORS: Final = "\x1e\x1f"
"""RS and US (ISO/IEC 646): the canonical form needs them for itself."""
SUBSTITUTE: Final = "\x1a"
"""SUB (ISO/IEC 646), as wrong in a field as what it stands for: the rules about control characters see it."""

SIGNAAL_FIELDS: Final[Schema] = {
    "soort": pl.String(),
    "signaaltype": pl.String(),
    "producten": pl.List(pl.String()),
    "bedreigend": pl.Boolean(),
    "warme_overdracht": pl.Boolean(),
    "kenmerk": pl.String(),
    "opdrachtgever": pl.String(),
    "klantnummer": pl.String(),
    "polisnummer": pl.String(),
    "uzovi": pl.String(),
    "bsn": pl.String(),
    "voorletters": pl.String(),
    "voorvoegsel": pl.String(),
    "achternaam": pl.String(),
    "geslacht": pl.String(),
    "geboortedatum": pl.Date(),
    "telefoon": pl.String(),
    "email": pl.String(),
    "straat": pl.String(),
    "huisnummer": pl.Int32(),
    "huisletter": pl.String(),
    "huisnummertoevoeging": pl.String(),
    "postcode": pl.String(),
    "woonplaats": pl.String(),
    "gemeentecode": pl.String(),
    "bedrag": pl.Int64(),
    "bedrag_premie": pl.Int64(),
    "bedrag_eigen_risico": pl.Int64(),
    "bedrag_eigen_bijdrage": pl.Int64(),
    "oudste_vervaldatum": pl.Date(),
    "facturen": pl.List(pl.String()),
    "einde_levering": pl.Date(),
}
"""Every field of `Signaal` but `versie` and `signaal_id`, in its order; amounts in euro cents, lists never null."""

CHECKED_ROWS: Final[Schema] = {
    "row_no": pl.UInt32(),
    "state": pl.UInt8(),
    "threatening": pl.Boolean(),
    **SIGNAAL_FIELDS,
}
"""`state` 0: the row goes on; else the number of its `RowState`."""

FINDINGS: Final[Schema] = {"row_no": pl.UInt32(), "code": pl.String(), "vorm": pl.String()}
"""`vorm`: the shape of the value (letters a/A, digits 9), never the value; null where the shape tells nothing."""


def fits_raw(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` itself when its schema is RAW, with the columns of MARKS that it has behind; raises FrameShapeError."""
    return fits(frame, RAW | {name: dtype for name, dtype in MARKS.items() if name in frame.columns})


class FrameShapeError(TypeError):
    """A frame between two stages has another schema than was agreed: a defect of ours."""


def fits(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """`frame` itself when its columns, order and types are `schema`; raises FrameShapeError naming the columns."""
    if frame.schema == schema:
        return frame
    wrong = set(frame.schema.items()) ^ set(schema.items())
    names = sorted({name for name, _ in wrong}) or ["order"]
    raise FrameShapeError(f"frame does not fit: {', '.join(names)}")
