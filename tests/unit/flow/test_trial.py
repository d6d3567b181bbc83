"""Trying tells what reading would come to; and of our own files a proposed profile reads the same."""

import io
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from contracts.layout import SAMENGESTELD
from contracts.profiel import Profiel
from gateway.cli.demo.samples import energy_file, landlord_file
from gateway.flow.trial import Trial, guess_file, try_file
from gateway.flow.unpack import PlainFile, UnpackLimits, unpack
from gateway.settings import Intake
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.guess import Guess
from gateway.stages.parse import Limits, Records, read_file
from gateway.stages.policy import policy_for
from gateway.stages.profile_text import profile_text
from gateway.stages.profiles import parse_profile
from tests.builders import TODAY, a_csv, a_partner, a_row

INTAKE = Intake()
CORPUS = Path(__file__).parents[2] / "corpus"
FILES = sorted(
    path.relative_to(CORPUS).as_posix()
    for pattern in ("*/*.csv", "*/*.txt", "*/*.json*", "workbooks/[a-m]*.xlsx")
    for path in CORPUS.glob(pattern)
)


def read(data: bytes, profiel: Profiel | None) -> tuple[Dialect | None, pl.DataFrame]:
    """How a file is read, and what of it (schema RAW, without marks)."""
    dialect, blocks = None, []
    with unpack(PlainFile(io.BytesIO(data)), profiel=profiel, limits=UnpackLimits.of(INTAKE)) as (bron, chunks):
        limits = Limits(max_rows=INTAKE.max_rows)
        for piece in read_file(chunks, required=frozenset(), limits=limits, bron=bron, profiel=profiel):
            if isinstance(piece, Dialect):
                dialect = piece
            elif isinstance(piece, Records):
                blocks.append(piece.raw)
    return dialect, pl.concat(blocks, how="diagonal") if blocks else pl.DataFrame()


def reads_the_same(data: bytes) -> None:
    found = guess_file(io.BytesIO(data), intake=INTAKE, today=TODAY)
    if isinstance(found, FileFinding):
        return
    profiel = parse_profile(profile_text(found))
    assert profiel == found.profiel
    dialect, without = read(data, None)
    proposed, by_profile = read(data, profiel)
    assert proposed is not None
    if dialect is None:
        return  # it asks something, which the proposal answers
    assert by_profile.height == without.height
    assert (dialect.decimal, dialect.cents) == (proposed.decimal, proposed.cents)
    columns = list(dict.fromkeys(part for name in dialect.known for part in SAMENGESTELD.get(name, (name,))))
    if without.height:
        assert by_profile.select("misfit", *columns).equals(without.select("misfit", *columns))


@pytest.mark.parametrize("name", FILES)
def test_a_proposed_profile_reads_what_is_read_without(name: str) -> None:
    reads_the_same((CORPUS / name).read_bytes())


@pytest.mark.parametrize("data", [landlord_file(TODAY), energy_file(TODAY, rows=2000)], ids=["landlord", "energy"])
def test_a_proposed_profile_reads_the_files_of_the_demo(data: bytes) -> None:
    reads_the_same(data)
    found = guess_file(io.BytesIO(data), intake=INTAKE, today=TODAY)
    assert isinstance(found, Guess)
    assert found.profiel.kolommen == {}


def tried(data: bytes, profiel: Profiel | None = None, rows: int = 3) -> Trial:
    policy = policy_for(a_partner(), (), received_on=TODAY, profiel=profiel)
    return try_file(io.BytesIO(data), profiel=profiel, policy=policy, intake=INTAKE, rows=rows)


def test_rows_and_findings_are_counted_over_the_whole_file() -> None:
    trial = tried(a_csv([a_row(kenmerk=f"K{n}", postcode="12" if n % 2 else "1012 AB") for n in range(50)]))
    assert (trial.rows, trial.going) == (50, 25)
    (count,) = [count for count in trial.findings if count.code == "postcode_ongeldig"]
    assert (count.aantal, count.eerste_regels[:2]) == (25, (2, 4))
    assert [row.row_no for row in trial.first] == [1, 2, 3]
    assert [row.goes_on for row in trial.first] == [True, False, True]


def test_a_cell_holds_what_came_and_what_goes_on() -> None:
    row = a_row(
        bedrag="1.250,75", producten="gas en warmte", soort="energie", klantnummer="K1", geslacht="M", bezwaar="n"
    )
    cells = {cell.header: cell for cell in tried(a_csv([row])).first[0].cells}
    assert (cells["bedrag"].before, cells["bedrag"].after) == ("1.250,75", {"bedrag": "1250,75"})
    assert cells["oudste_vervaldatum"].after == {"oudste_vervaldatum": "2026-10-01"}
    assert cells["producten"].after == {"producten": "gas,warmte"}
    assert cells["huisnummer"].after == {"huisnummer": "12"}
    assert cells["herinnering_verstuurd"].after == {"herinnering_verstuurd": "Ja"}
    assert cells["bezwaar"].after == {"bezwaar": "Nee"}
    assert (cells["geslacht"].before, cells["geslacht"].after) == ("M", {"geslacht": None})


def test_constants_stand_behind_what_the_file_has() -> None:
    row = {column: text for column, text in a_row().items() if column != "soort"}
    cells = tried(a_csv([row]), Profiel(naam="a", constanten={"soort": "huur", "bedreigend": "Ja"})).first[0].cells
    assert [(cell.header, dict(cell.after)) for cell in cells[-2:]] == [
        (None, {"soort": "huur"}),
        (None, {"bedreigend": "Ja"}),
    ]


def test_what_is_not_read_is_no_cell() -> None:
    trial = tried(a_csv([a_row() | {"Regio": "Noord"}]))
    assert "Regio" not in {cell.header for cell in trial.first[0].cells}


def test_composed_columns_are_shown_by_form_those_in_doubt_first() -> None:
    row = {column: text for column, text in a_row().items() if column not in {"straat", "huisnummer", "achternaam"}}
    names = ["J.P. Jansen", "A. Pietersen", "Jan Jansen", "K. Vries"]
    rows = [row | {"naam": name, "adres": "Dorpsstraat 12"} for name in names]
    splits = tried(a_csv(rows)).splits
    assert list(splits) == ["naam", "adres"]
    first, *others = splits["naam"]
    assert (first.before, first.doubtful) == ("Jan Jansen", True)
    assert [(form.before, form.texts) for form in others] == [("A. Pietersen", 2), ("J.P. Jansen", 1)]
    assert others[0].after == {"voorletters": "A.", "voorvoegsel": None, "achternaam": "Pietersen"}
    (address,) = splits["adres"]
    assert (address.after["straat"], address.after["huisnummer"], address.texts) == ("Dorpsstraat", "12", 1)


def test_what_is_odd_about_the_file_is_told_beside_its_rows() -> None:
    trial = tried(a_csv([a_row()]).rstrip())
    assert [finding.code for finding in trial.file_findings] == ["regel_zonder_einde"]
    assert trial.fatal is None


def test_the_sheet_with_known_columns_is_proposed() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Toelichting"])
    for naam in ("Leeg", "Signalen"):
        book.create_sheet(naam)
    book["Signalen"].append(list(a_row()))
    book["Signalen"].append(list(a_row().values()))
    data = io.BytesIO()
    book.save(data)
    found = guess_file(data, intake=INTAKE, today=TODAY)
    assert isinstance(found, Guess)
    assert found.profiel.blad == "Signalen"
    assert 'blad = "Signalen"' in profile_text(found).splitlines()
