"""The two files that the demo pushes, as their senders would make them; the same bytes for the same day.

The landlord's comes out of Excel: Windows-1252, semicolons, decimal comma, dd-mm-jjjj, CRLF. The energy company's comes
out of its ERP: UTF-8, commas, decimal point, ISO dates. Dates lie before the given day.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Final

from gateway.cli.demo.country import Place, places
from gateway.cli.demo.people import TEST_BSNS, Resident, draw

Row = dict[str, str]

_EFFORT: Final = {
    "herinnering_verstuurd": "Ja",
    "persoonlijk_contact_gezocht": "Ja",
    "gewezen_op_schuldhulp": "Ja",
    "doorgifte_aangekondigd": "Ja",
}
_LANDLORD_COLUMNS: Final = (
    "kenmerk", "voorletters", "voorvoegsel", "achternaam", "geboortedatum", "telefoon", "email", "straat", "huisnummer",
    "postcode", "woonplaats", "gemeentecode", "bsn", "bedrag", "oudste_vervaldatum", "facturen", *_EFFORT, "bezwaar",
)  # fmt: skip
_ENERGY_COLUMNS: Final = (
    "soort", "signaaltype", "producten", "klantnummer", *_LANDLORD_COLUMNS, "einde_levering", "bedreigend"
)  # fmt: skip
_EXCEL: Final[dict[str, str]] = {"delimiter": ";", "lineterminator": "\r\n"}


def landlord_file(day: dt.date) -> bytes:
    """Eight rows of a small landlord: five that pass, then objection, a BSN, and a resident who was never reminded."""
    dice = Random(8)  # noqa: S311  # invented data, the same every time
    signed = [place for place in places() if place.signed and place.connected]
    rows = [_landlord_row(dice, signed[7 * n], n, day) for n in range(8)]
    rows[0]["achternaam"] = "Súdwest-Müller"
    rows[5]["bezwaar"] = "Ja"
    rows[6]["bsn"] = TEST_BSNS[0]
    rows[7]["herinnering_verstuurd"] = "Nee"
    return _written(rows, _LANDLORD_COLUMNS, _EXCEL).encode("cp1252")


def energy_file(day: dt.date, *, rows: int = 50_000) -> bytes:
    """`rows` rows over all gemeenten, big ones first; about one in twenty is bad, in every way that we know of."""
    return _written(energy_rows(day, rows=rows), _ENERGY_COLUMNS, {}).encode("utf-8")


def energy_rows(day: dt.date, *, rows: int) -> Iterator[Row]:
    """The rows of `energy_file`: every gemeente once, then by weight."""
    dice = Random(342)  # noqa: S311  # invented data, the same every time
    country = places()
    weights = list(accumulate(1 / (1 + number * 61 % len(country)) + 0.01 for number in range(len(country))))
    drawn = dice.choices(country, cum_weights=weights, k=max(0, rows - len(country)))
    previous: Row = {}
    for number, place in enumerate([*country, *drawn][:rows]):
        row = _energy_row(dice, place, number, day)
        if number >= len(country):
            row = _spoilt(dice, row, previous, day)
        previous = row
        yield row


def _landlord_row(dice: Random, place: Place, number: int, day: dt.date) -> Row:
    due = day - dt.timedelta(days=35 + 3 * number)
    return _person(draw(dice, place, number), "%d-%m-%Y") | {
        "kenmerk": f"HUUR-{number + 1:03d}",
        "bedrag": f"{412 + 57 * number},50",
        "oudste_vervaldatum": due.strftime("%d-%m-%Y"),
        "facturen": f"{due.year}-{4400 + number}",
    }


def _energy_row(dice: Random, place: Place, number: int, day: dt.date) -> Row:
    due = day - dt.timedelta(days=31 + dice.randrange(150))
    ending = place.takes_threatening and dice.random() < 0.004
    return _person(draw(dice, place, number), "%Y-%m-%d") | {
        "soort": "energie",
        "signaaltype": "eindeleveringssignaal" if ending else "vroegsignaal",
        "producten": dice.choice(("elektriciteit", "gas", "elektriciteit gas", "warmte")),
        "klantnummer": f"K{700_000 + number}",
        "kenmerk": f"E-{number + 1:06d}",
        "bedrag": f"{dice.randrange(4_000, 190_000) / 100:.2f}",
        "oudste_vervaldatum": due.isoformat(),
        "facturen": f"F{due:%Y%m}-{number}",
        "einde_levering": (day + dt.timedelta(days=35)).isoformat() if ending else "",
        "bedreigend": "Ja" if dice.random() < 0.002 else "Nee",
    }


def _person(resident: Resident, day_format: str) -> Row:
    return {
        "voorletters": resident.voorletters,
        "voorvoegsel": resident.voorvoegsel,
        "achternaam": resident.achternaam,
        "geboortedatum": resident.geboortedatum.strftime(day_format),
        "telefoon": resident.telefoon,
        "email": resident.email,
        "straat": resident.straat,
        "huisnummer": str(resident.huisnummer),
        "postcode": resident.postcode,
        "woonplaats": resident.woonplaats,
        "gemeentecode": resident.gemeentecode,
        "bezwaar": "Nee",
    } | _EFFORT


_Spoiler = Callable[[Row, Row, dt.date], Row]
_SPOILERS: Final[tuple[_Spoiler, ...]] = (
    lambda row, _previous, _day: row | {"achternaam": ""},
    lambda row, _previous, _day: row | {"klantnummer": "", "bedrag": ""},
    lambda row, _previous, _day: row | {"bsn": TEST_BSNS[len(row["kenmerk"]) % len(TEST_BSNS)]},
    lambda row, _previous, _day: row | {"bezwaar": "Ja"},
    lambda row, _previous, _day: row | {"bedrag": "12.40"},
    lambda row, _previous, _day: row | {"bedrag": "twee tientjes"},
    lambda row, _previous, day: row | {"oudste_vervaldatum": (day - dt.timedelta(days=12)).isoformat()},
    lambda row, _previous, day: row | {"oudste_vervaldatum": f"{day.year - 1}-02-31"},
    lambda row, _previous, _day: row | {"postcode": "12AB"},
    lambda row, _previous, _day: row | {"gemeentecode": "0363" if row["gemeentecode"] != "0363" else "0344"},
    lambda row, _previous, _day: row | {"doorgifte_aangekondigd": "Nee"},
    lambda row, _previous, _day: row | {"producten": "kabeltelevisie"},
    lambda row, _previous, _day: row | {"soort": "duo"},
    lambda row, _previous, _day: row | {"achternaam": row["achternaam"][:1] + "?" + row["achternaam"][1:]},
    lambda row, _previous, _day: row | {"telefoon": "0600000001 of 0600000002"},
    lambda row, previous, _day: previous or row,
)
"""Each makes a good row bad, or at least doubtful: (row, the row before it, day) -> row."""


def _spoilt(dice: Random, row: Row, previous: Row, day: dt.date) -> Row:
    if dice.random() >= 0.05:
        return row
    return dice.choice(_SPOILERS)(row, previous, day)


def _written(rows: Sequence[Row] | Iterator[Row], columns: Sequence[str], form: Mapping[str, str]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, columns, restval="", delimiter=form.get("delimiter", ","), lineterminator=form.get("lineterminator", "\n")
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
