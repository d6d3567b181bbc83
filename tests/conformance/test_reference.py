"""Reference data: each layout by its header, whole or not at all, in versions that hold from a day on."""

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.indeling import MEEGELEVERD
from gateway.errors import InvalidInputError
from gateway.flow import reference as flow
from gateway.flow.kit import Kit
from gateway.flow.reference_picture import gemeenten_picture, postcode_picture
from gateway.flow.reference_search import find_address, find_gemeenten
from gateway.flow.summary import decode_summary
from gateway.runtime.current import CurrentDirectory
from gateway.stages.postcodes import TABLE
from gateway.store import reference
from gateway.store.directory import current_generation
from gateway.store.reference import Kind
from gateway.store.uploads import Upload
from tests.addresses import addresses
from tests.builders import a_csv, a_row
from tests.conftest import FakeClock
from tests.world import configure, counted, process, receive, reload

GEONAMES = (
    "NL\t1011\tAmsterdam\tNoord-Holland\t07\tAmsterdam\t0363\t\t\t52.3729\t4.9\t6\n"
    "NL\t1012\tAmsterdam\tNoord-Holland\t07\tAmsterdam\t0363\t\t\t52.3729\t4.9\t6\n"
    "NL\t5671\tNuenen\tNoord-Brabant\t06\tNuenen, Gerwen en Nederwetten\t0820\t\t\t51.47\t5.55\t6\n"
    'NL\t2512\t\'s-Gravenhage "centrum"\tZuid-Holland\t11\tDen Haag\t0518\t\t\t52.07\t4.3\t6\n'
    "NL\t1012\tAmsterdam\tNoord-Holland\t07\tAmsterdam\t0363\t\t\t52.3729\t4.9\t6\n"
)
TWO = "pc4;gemeentecode\n1011;0363\n5671;0820\n5671;0772\n"
CBS = (
    "PC6;Huisnummer;Buurt2026;Wijk2026;Gemeente2026\n"
    "1011AA;1;0363AF01;0363AF;0363\n1011AA;3;0363AF01;0363AF;0363\n"
    "1012AA;1;03630000;036300;0363\n1012AA;2;03440000;034400;0344\n1012AB;5;03440000;034400;0344\n"
)
TODAY = dt.date(2026, 11, 20)
NEW_YEAR = dt.date(2027, 1, 1)
LIST_2027 = "\ufeffGemeentecode;GemeentecodeGM;Gemeentenaam;Provinciecode;ProvinciecodePV;Provincienaam\r\n" + "".join(
    f'{int(code)};GM{code};"{naam}";20;PV20;Groningen\r\n'
    for code, naam in {**GEMEENTEN, "2001": "Nieuwstad"}.items()
    if code not in {"0059", "0085"}
)
NOT_LISTED = "the gemeentecode is in no list of gemeenten: load the list of that year before, or together with it"
MERGERS_2027 = (
    "oude gemeentecode;nieuwe gemeentecode;datum\n0059;2001;01-01-2027\n0085;2001;2027-01-01\n0086;0086;20270101\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    return made


def write(folder: Path, text: str | bytes, name: str = "file.txt") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def load(kit: Kit, *files: Path, from_day: dt.date | None = None, incomplete: bool = True) -> bool:
    return flow.load(kit, flow.plan(kit, files, from_day=from_day, incomplete=incomplete))


def rows(kit: Kit, on: dt.date = TODAY) -> Sequence[tuple[object, ...]] | None:
    with kit.db.read() as conn:
        found = reference.postcodes(conn, on=on)
    return None if found is None else found.table.rows()


def days(kit: Kit, kind: Kind = Kind.POSTCODES) -> list[dt.date]:
    with kit.db.read() as conn:
        return [version.valid_from for version in reference.versions(conn, kind)]


def generation(kit: Kit) -> int:
    with kit.db.read() as conn:
        return current_generation(conn)


def problems(kit: Kit, *files: Path, incomplete: bool = True) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        flow.plan(kit, files, incomplete=incomplete)
    assert "nothing was loaded" in str(caught.value)
    return [f"{problem.location}: {problem.detail}" for problem in caught.value.problems]


class TestPostcodes:
    def test_geonames_and_two_columns_give_the_same_kind_of_table(self, kit: Kit, folder: Path) -> None:
        assert rows(kit) is None
        assert load(kit, write(folder, GEONAMES.replace("1011", "1011 AB")))
        assert rows(kit) == [(pc4, None, None, code) for pc4, code in
                             [("1011", "0363"), ("1012", "0363"), ("2512", "0518"), ("5671", "0820")]]  # fmt: skip
        quoted = '\ufeff"PC4";"gemeentecode"\r\n"1011";"0363"\r\n\r\n5671;820\r\n'
        assert load(kit, write(folder, quoted))
        assert rows(kit) == [("1011", None, None, "0363"), ("5671", None, None, "0820")]

    def test_it_holds_from_new_year_and_replaces_that_of_its_day(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, TWO))
        load(kit, write(folder, GEONAMES))
        assert days(kit) == [dt.date(2026, 1, 1)]
        load(kit, write(folder, TWO), from_day=dt.date(2026, 6, 1))
        load(kit, write(folder, CBS.replace("2026", "2025"), "2025.csv"))
        assert days(kit) == [dt.date(2025, 1, 1), dt.date(2026, 1, 1), dt.date(2026, 6, 1)]

    def test_the_same_file_again_changes_nothing(self, kit: Kit, folder: Path) -> None:
        assert load(kit, write(folder, TWO))
        before = generation(kit)
        assert not load(kit, write(folder, TWO))
        assert generation(kit) == before == 1

    def test_every_bad_line_is_named_and_nothing_is_loaded(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, TWO))
        bad = write(folder, TWO + "101;0363\n\n1012;9999\n1012\n0999;0363\n1013;0363\n")
        found = problems(kit, bad)
        assert [line.partition(":")[0] for line in found] == [f"file.txt line {n}" for n in (5, 7, 8, 9)]
        assert len(rows(kit) or ()) == 3

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"pc4;gemeentecode\n",
            b"\xff\xfe1\x00",
            b"BE\t1000\tBrussel\t\t\t\t0363\t\t\t\t\t\n",
            GEONAMES.replace("\t6\n", "\n").encode(),
            GEONAMES.replace("\t6\n", "\n").replace("\n", "\t6\n", 1).encode(),
            b"%PDF-1.7\n",
            b"PK\x03\x04broken",
        ],
    )
    def test_another_file_is_refused(self, kit: Kit, folder: Path, data: bytes) -> None:
        with pytest.raises(InvalidInputError):
            flow.plan(kit, [write(folder, data)])


class TestAddresses:
    EXPECTED = (("1011", None, None, "0363"), ("1012AA", 1, 1, "0363"), ("1012AA", 2, 2, "0344"),
                ("1012AB", None, None, "0344"))  # fmt: skip

    @pytest.mark.parametrize(
        "text",
        [
            CBS,
            CBS.replace(";", ","),
            CBS.replace("\n", "\r\n"),
            '"' + CBS.replace(";", '";"').replace("\n", '"\n"')[:-1],
            CBS.replace(";0363\n", ";363\n").replace(";0344\n", ";GM0344\n"),
            CBS.replace("Gemeente2026", "Gem2026").replace("1012AA", "1012 AA"),
            CBS[:-1],
            CBS.replace("\n1012AB", "\n\n1012AB") + "\n\n",
        ],
        ids=["plain", "commas", "crlf", "quoted", "codes", "spaces", "no last newline", "blank lines"],
    )
    def test_as_cbs_publishes_it(self, kit: Kit, folder: Path, text: str) -> None:
        load(kit, write(folder, text, "pc6hnr20260801_gwb.csv"))
        assert rows(kit) == list(self.EXPECTED)
        assert days(kit) == [dt.date(2026, 1, 1)]

    def test_the_zip_as_it_is_with_its_list_of_gemeenten(self, kit: Kit, folder: Path) -> None:
        gem = "Gem2026;Gemeentenaam2026\n" + "".join(f"{int(c)};{n}\n" for c, n in GEMEENTEN.items())
        buurt = "buurtcode2026;buurtnaam2026;GM_2026;GM_NAAM;WK_2026\n03630000;Voorbeeld;0363;Amsterdam;036300\n"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in {"brt2026.csv": buurt, "gem2026.csv": gem, "map/pc6hnr.csv": CBS, "Lees mij.txt": "?"}.items():  # fmt: skip  # noqa: E501
                archive.writestr(name, text.encode("cp1252"))
        file = write(folder, packed.getvalue(), "2026-cbs.zip")
        made = flow.plan(kit, [file], incomplete=True)
        assert made.passed == ("2026-cbs.zip/Lees mij.txt", "2026-cbs.zip/brt2026.csv")
        assert flow.load(kit, made)
        assert rows(kit) == list(self.EXPECTED)
        assert days(kit, Kind.GEMEENTEN) == [dt.date(2026, 1, 1)]
        with kit.db.read() as conn:
            assert reference.load_indeling(conn).gemeenten(TODAY) == GEMEENTEN

    def test_every_bad_line_is_named(self, kit: Kit, folder: Path) -> None:
        bad = (
            CBS + "1012;5;x;x;0363\n1012AC;0;x;x;0363\n1012AC;5;x;x;9999\n1012AC;5;x;0363\n1012AC;5;x;x;0363;y\né;;;;\n"
        )
        assert [line.partition(" ")[2] for line in problems(kit, write(folder, bad))] == [
            "line 7: the postcode has not the form 1234AB",
            "line 8: the house number is not a number from 1 to 99999",
            f"line 9: {NOT_LISTED}",
            "line 10: has 4 columns, the header 5",
            "line 11: has 6 columns, the header 5",
            "line 12: the postcode has not the form 1234AB",
        ]
        assert rows(kit) is None

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("1012AC;5;x;x;0363;y", "line 7: has 6 columns, the header 5"),
            ("1012AC;5;é;x;0363", "line 2: something from this line on is not the layout of its header"),
        ],
    )
    def test_one_bad_line_among_good_ones(self, kit: Kit, folder: Path, line: str, said: str) -> None:
        assert [found.partition(" ")[2] for found in problems(kit, write(folder, CBS + line + "\n"))] == [said]

    def test_lines_are_named_as_they_are_counted_across_blocks(
        self, kit: Kit, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gateway.flow.reference_files.BLOCK", 64)
        lines = CBS.splitlines()
        file = write(folder, "\n".join([*lines, *lines[1:] * 20, "1012AC;5;x;x;9999", *lines[1:]]))
        [found] = problems(kit, file)
        assert found.startswith("file.txt line 107:")

    def test_many_bad_lines_are_counted_and_the_first_are_named(self, kit: Kit, folder: Path) -> None:
        file = write(folder, CBS + "1012AC;5;x;x;9999\n" * 5_000)
        with pytest.raises(InvalidInputError, match="5000 lines") as caught:
            flow.plan(kit, [file])
        assert len(caught.value.problems) == 100

    def test_a_file_that_was_cut_off_is_not_taken_unless_it_is_said(self, kit: Kit, folder: Path) -> None:
        file = write(folder, CBS)
        [problem] = problems(kit, file, incomplete=False)
        assert "no address in 0014 Groningen" in problem
        assert "and 330 more" in problem
        assert load(kit, file, incomplete=True)

    def test_a_zip_that_was_cut_off_is_refused(self, kit: Kit, folder: Path) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("pc6hnr.csv", CBS)
        data = packed.getvalue()
        broken = data.replace(b"1012AB;5", b"1012AB;6", 1)
        for cut in (data[:-30], broken):
            with pytest.raises(InvalidInputError, match="nothing was loaded"):
                flow.plan(kit, [write(folder, cut, "a.zip")])

    def test_the_year_must_be_known(self, kit: Kit, folder: Path) -> None:
        file = write(folder, CBS.replace("2026", ""), "pc6hnr20260801_gwb.csv")
        with pytest.raises(InvalidInputError, match="--vanaf"):
            flow.plan(kit, [file], incomplete=True)
        load(kit, file, from_day=TODAY)
        assert days(kit) == [TODAY]

    def test_a_whole_country_has_every_gemeente(self, kit: Kit, folder: Path) -> None:
        file = folder / "pc6hnr.csv"
        addresses(pc4s=342, numbers=2).write_csv(file, separator=";")
        made = flow.plan(kit, [file])
        assert made.parts[0].missing == ()
        assert made.parts[0].table is not None
        assert dict(made.parts[0].table.schema) == dict(TABLE)


class TestLists:
    def test_a_list_and_its_mergers_hold_from_their_day(self, kit: Kit, folder: Path) -> None:
        current = CurrentDirectory(kit)
        load(kit, write(folder, LIST_2027, "gemeenten 2027.csv"), write(folder, MERGERS_2027, "m.csv"))
        current.reload(generation(kit))
        indeling = current().indeling
        assert "0059" in indeling.gemeenten(dt.date(2026, 12, 31))
        assert indeling.gemeenten(NEW_YEAR).keys() ^ GEMEENTEN.keys() == {"0059", "0085", "2001"}
        assert indeling.opvolger("0085", on=NEW_YEAR) == "2001"
        assert indeling.opvolger("0086", on=NEW_YEAR) == "0086"
        assert indeling.opvolgingen["0059"].naam == "Achtkarspelen"
        assert flow.gemeenten_in_force(kit) == GEMEENTEN

    def test_a_list_as_cbs_publishes_it_is_a_workbook(self, kit: Kit, folder: Path) -> None:
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.append(["Gemeentecode", "GemeentecodeGM", "Gemeentenaam", "Provinciecode"])
        for code, naam in GEMEENTEN.items():
            book.active.append([int(code), f"GM{code}", naam, 20])
        file = folder / "Gemeenten alfabetisch 2027.xlsx"
        book.save(file)
        load(kit, file)
        with kit.db.read() as conn:
            lijst = reference.load_indeling(conn).lijst(NEW_YEAR)
        assert (lijst.van, lijst.gemeenten) == (NEW_YEAR, GEMEENTEN)

    def test_a_workbook_that_cannot_be_opened_is_refused(self, kit: Kit, folder: Path) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("[Content_Types].xml", "?")
        with pytest.raises(InvalidInputError, match="nothing was loaded"):
            flow.plan(kit, [write(folder, packed.getvalue(), "2027.xlsx")])

    def test_a_gemeente_that_vanishes_must_have_gone_somewhere(self, kit: Kit, folder: Path) -> None:
        lijst = write(folder, LIST_2027, "gemeenten 2027.csv")
        assert [line.split()[3] for line in problems(kit, lijst)] == ["0059", "0085"]
        load(kit, write(folder, MERGERS_2027, "mergers.csv"))
        assert load(kit, lijst)

    def test_the_packaged_mergers_stay_beside_those_of_their_year(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, "oud;nieuw;datum\n0457;0363;2022-03-24\n"))
        assert days(kit, Kind.OPVOLGERS) == [dt.date(2022, 1, 1)]
        with kit.db.read() as conn:
            indeling = reference.load_indeling(conn)
        assert indeling.opvolgingen.keys() == MEEGELEVERD.opvolgingen.keys()

    def test_a_years_mergers_replace_those_of_that_year(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, MERGERS_2027))
        load(kit, write(folder, "oud;nieuw;datum\n0059;0090;2027-01-01\n"))
        with kit.db.read() as conn:
            indeling = reference.load_indeling(conn)
        assert indeling.opvolger("0059", on=NEW_YEAR) == "0090"
        assert "0085" in indeling.gemeenten(NEW_YEAR)

    def test_a_divided_gemeente_has_several_successors(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, "oud;nieuw;datum\n0059;0090;2027-01-01\n0059;0085;2027-01-01\n"))
        with kit.db.read() as conn:
            assert reference.load_indeling(conn).opvolgers("0059", on=NEW_YEAR) == ("0085", "0090")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("oud;nieuw;datum\n0363;0034;2020-01-01\n", "ended on 2020-01-01 by the mergers"),
            ("oud;nieuw;datum\n0009;9999;2020-01-01\n", "in no list of gemeenten"),
            ("oud;nieuw;datum\n0059;0085;2027-01-01\n0085;0059;2027-01-01\n", "ended on 2027-01-01 itself"),
            ("oud;nieuw;datum\n0059;0085;2027\n", "the date is none of"),
            ("oud;nieuw;datum\n59x;0085;2027-01-01\n", "not four digits"),
            ("oud;nieuw;datum\n0059;0085;2027-01-01\n0059;0090;2028-01-01\n", "ends on two days"),
            ("Gemeentecode;Gemeentenaam2027\n0363;Amsterdam\n0363;Amsterdam\n", "twice"),
            ("Gemeentecode;Gemeentenaam2027\nX363;Amsterdam\n", "not four digits"),
            ("Gemeentecode;Gemeentenaam2027\n0363;\n", "no name"),
        ],
    )
    def test_what_does_not_fit_is_told(self, kit: Kit, folder: Path, text: str, said: str) -> None:
        assert said in "\n".join(problems(kit, write(folder, text)))
        assert days(kit, Kind.OPVOLGERS) == days(kit, Kind.GEMEENTEN) == []

    def test_one_bad_file_keeps_all_out(self, kit: Kit, folder: Path) -> None:
        good, bad = write(folder, TWO, "good.csv"), write(folder, "pc4;gemeentecode\nx;y\n", "bad.csv")
        with pytest.raises(InvalidInputError):
            load(kit, good, bad)
        assert rows(kit) is None

    def test_two_files_for_one_day_are_refused(self, kit: Kit, folder: Path) -> None:
        with pytest.raises(InvalidInputError, match="another file gives postcodes from 2026-01-01 too"):
            load(kit, write(folder, TWO, "a.csv"), write(folder, GEONAMES, "b.txt"))

    def test_what_another_loaded_meanwhile_is_judged_together(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, MERGERS_2027, "m.csv"))
        made = flow.plan(kit, [write(folder, LIST_2027, "gemeenten 2027.csv")])
        load(kit, write(folder, "oud;nieuw;datum\n0059;2001;2027-01-01\n"))
        with pytest.raises(InvalidInputError, match="do not fit together"):
            flow.load(kit, made)
        assert days(kit, Kind.GEMEENTEN) == []

    def test_codes_of_a_new_list_are_known_to_addresses_of_the_same_call(self, kit: Kit, folder: Path) -> None:
        cbs = write(folder, CBS.replace("2026", "2027").replace(";0344\n", ";2001\n"), "adressen.csv")
        assert any("load the list of that year" in line for line in problems(kit, cbs))
        lists = write(folder, LIST_2027, "gemeenten 2027.csv"), write(folder, MERGERS_2027, "m.csv")
        assert load(kit, cbs, *lists)


class TestInForce:
    def test_the_version_of_the_day_and_the_first_one_before_it(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, TWO), from_day=dt.date(2026, 6, 1))
        load(kit, write(folder, GEONAMES), from_day=NEW_YEAR)
        heights = {on: len(rows(kit, on) or ()) for on in (dt.date(2020, 1, 1), dt.date(2026, 12, 31), NEW_YEAR)}
        assert list(heights.values()) == [3, 3, 4]

    def test_a_kit_reads_a_version_once(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, TWO))
        with kit.db.read() as conn:
            first = kit.postcodes.load(conn, on=TODAY)
            assert kit.postcodes.load(conn, on=TODAY) is first
        load(kit, write(folder, GEONAMES))
        with kit.db.read() as conn:
            again = kit.postcodes.load(conn, on=TODAY)
        assert again is not None
        assert again.table.height == 4


class TestPictures:
    def test_the_first_table(self, kit: Kit, folder: Path) -> None:
        made = flow.plan(kit, [write(folder, CBS)], incomplete=True)
        picture = postcode_picture(kit, made.parts[0], made.after)
        assert picture.before is None
        assert (picture.after.pc4, picture.after.whole, picture.after.pc6, picture.after.runs) == (2, 1, 1, 2)
        assert len(made.parts[0].missing) == 340

    def test_what_moves_and_which_gemeenten_come_and_go(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, TWO))
        made = flow.plan(kit, [write(folder, "pc4;gemeentecode\n1011;0344\n5671;0820\n5671;0772\n9999;0363\n")])
        picture = postcode_picture(kit, made.parts[0], made.after)
        assert (picture.came, picture.went, picture.moved) == (("0344",), (), 1)
        assert [(move.pc4, move.before, move.after) for move in picture.moves] == [("1011", ("0363",), ("0344",))]

    def test_a_merger_alone_moves_nothing(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, "pc4;gemeentecode\n1381;0457\n"))
        made = flow.plan(kit, [write(folder, "pc4;gemeentecode\n1381;0363\n")])
        assert postcode_picture(kit, made.parts[0], made.after).moved == 0

    def test_gemeenten_that_come_go_and_are_renamed(self, kit: Kit, folder: Path) -> None:
        renamed = LIST_2027.replace("Aa en Hunze", "Hunze en Aa")
        made = flow.plan(kit, [write(folder, renamed, "2027.csv"), write(folder, MERGERS_2027, "m.csv")])
        picture = gemeenten_picture(made, NEW_YEAR)
        assert (picture.before, picture.after) == (342, 341)
        assert [one.code for one in picture.came] == ["2001"]
        assert [(one.code, one.where) for one in picture.went] == [
            ("0059", "2001 Nieuwstad"),
            ("0085", "2001 Nieuwstad"),
        ]
        assert [(one.naam, one.where) for one in picture.renamed] == [("Aa en Hunze", "Hunze en Aa")]


class TestSearch:
    @pytest.fixture(autouse=True)
    def _loaded(self, kit: Kit, folder: Path) -> None:
        load(kit, write(folder, CBS))

    @pytest.mark.parametrize(
        ("postcode", "number", "code", "why"),
        [
            ("1012AA", 1, "0363", ""),
            ("1012 aa", 2, "0344", ""),
            ("1012AA", 3, None, "does not know this house number"),
            ("1012AA", None, None, "give the house number"),
            ("1012AB", None, "0344", ""),
            ("1012", None, None, "give the whole postcode"),
            ("1011", None, "0363", ""),
            ("9999XX", 1, None, "does not know this postcode"),
        ],
    )
    def test_an_address(self, kit: Kit, postcode: str, number: int | None, code: str | None, why: str) -> None:
        found = find_address(kit, postcode, number, on=TODAY)
        assert found.code == code
        assert why in found.why
        assert bool(found.why) == (code is None)

    def test_an_address_that_is_none(self, kit: Kit) -> None:
        with pytest.raises(InvalidInputError):
            find_address(kit, "Amsterdam", None, on=TODAY)

    def test_a_gemeente_by_name_or_code(self, kit: Kit) -> None:
        [amsterdam] = find_gemeenten(kit, "AMSTERDAM", on=TODAY)
        assert (amsterdam.code, amsterdam.in_force, amsterdam.postcodes) == ("0363", True, ("1011",))
        assert amsterdam.shared == ("1012",)
        assert amsterdam.took == ("0457 Weesp (2022-03-24)",)
        assert [found.code for found in find_gemeenten(kit, "sudwest", on=TODAY)] == ["1900"]
        assert [found.code for found in find_gemeenten(kit, "0363", on=TODAY)] == ["0363"]
        assert find_gemeenten(kit, "Nergenshuizen", on=TODAY) == []

    def test_one_that_ended(self, kit: Kit) -> None:
        [weesp] = find_gemeenten(kit, "weesp", on=TODAY)
        assert (weesp.in_force, weesp.ended, weesp.went) == (False, dt.date(2022, 3, 24), "0363 Amsterdam")
        [before] = find_gemeenten(kit, "weesp", on=dt.date(2022, 3, 23))
        assert (before.in_force, before.ended) == (True, None)


def test_the_table_of_the_day_of_receipt_decides(kit: Kit, folder: Path, clock: FakeClock) -> None:
    """However late an upload is processed, it is routed as on the day on which it was received."""
    configure(kit)
    load(kit, write(folder, "pc4;gemeentecode\n1012;0363\n"))
    load(kit, write(folder, "pc4;gemeentecode\n1012;0344\n"), from_day=NEW_YEAR)
    row = a_csv([a_row(postcode="1012 AB", gemeentecode="")])
    waiting = receive(kit, row)
    clock.now = dt.datetime(2027, 1, 2, 12, tzinfo=dt.UTC)
    done = process(kit, row.replace(b"1012 AB", b"1012 AC"))
    assert routed(kit, waiting) == {"0363": 1}
    assert counted(kit, done).states["geen_overeenkomst"] == 1


def test_a_house_number_routes_where_a_postcode_is_shared(kit: Kit, folder: Path) -> None:
    configure(kit)
    load(kit, write(folder, CBS))
    rows_ = [a_row(kenmerk=str(n), postcode="1012 AA", huisnummer=str(n), gemeentecode="") for n in (1, 2, 3)]
    done = process(kit, a_csv(rows_))
    assert routed(kit, done) == {"0363": 1}
    states = counted(kit, done).states
    assert (states["geen_overeenkomst"], states["regel_afgekeurd"]) == (1, 1)


def routed(kit: Kit, upload: Upload) -> dict[str, int]:
    now = reload(kit, upload)
    assert now.summary is not None
    return decode_summary(now.summary).per_gemeente
