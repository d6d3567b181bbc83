"""Why a file was read as it was, for its partner.

No sentence holds a value of a row. The text above a column that is not read is only repeated when it looks like a name
and most of the others are known: where a file has no header, a resident stands in its place.
"""

from collections.abc import Iterator
from typing import Final

from contracts.profiel import Bestandsvorm
from gateway.stages.column_names import looks_like_a_name
from gateway.stages.dialect import DATE_ORDERS, Dialect, decimal_name, delimiter_name, form_name
from gateway.stages.encoding import ASCII, CP1252, ENCODING_NAMES, ISO_8859_15, UTF_8, UTF_16

_WHY_ENCODING: Final = {
    ASCII: "alle tekens zijn gewone letters, cijfers en leestekens",
    UTF_8: "de letters met accenten zijn zo geschreven, of het bestand zegt het aan het begin",
    CP1252: "er staan tekens in die in UTF-8 niet kunnen",
    ISO_8859_15: "het euroteken is zo geschreven",
    UTF_16: "elk teken neemt twee bytes in",
}


def explain(dialect: Dialect) -> tuple[str, ...]:
    """Why each part of how the file is read was concluded, one Dutch sentence each, in the order of `read_as`."""
    return tuple(_reasons(dialect))


def _reasons(dialect: Dialect) -> Iterator[str]:
    yield from _why_form(dialect)
    yield _why_header(dialect)
    if dialect.bron.vorm is Bestandsvorm.CSV:
        yield from _why_text(dialect)
    yield _why_decimal(dialect)
    if dialect.cents:
        by_profile = dialect.profiel is not None and dialect.profiel.bedragen_in is not None
        yield f"Bedragen in centen: {_by_profile(dialect) if by_profile else 'zo staat het boven de kolommen'}."
    yield _why_dates(dialect)
    yield from _why_columns(dialect)


def _by_profile(dialect: Dialect) -> str:
    assert dialect.profiel is not None
    return f"dat zegt profiel {dialect.profiel.naam}, versie {dialect.profiel.versie}"


def _why_form(dialect: Dialect) -> Iterator[str]:
    bron = dialect.bron
    if form := form_name(dialect):
        yield f"Vorm: {form}, gezien aan de inhoud van het bestand."
    if bron.blad is not None and len(bron.bladen) > 1:
        by_profile = dialect.profiel is not None and dialect.profiel.blad is not None
        yield f"Eén van {len(bron.bladen)} bladen is gelezen: {_by_profile(dialect) if by_profile else 'het eerste'}."


def _why_header(dialect: Dialect) -> str:
    if dialect.header_line == 0:
        return f"Geen kopregel: {_by_profile(dialect)}; de plaats zegt welke kolom het is."
    if dialect.profiel is not None and dialect.profiel.kopregel is not None:
        return f"Kopregel: regel {dialect.header_line}, {_by_profile(dialect)}."
    return f"Kopregel: regel {dialect.header_line}, daar staan de kolomnamen die wij kennen."


def _why_text(dialect: Dialect) -> Iterator[str]:
    profiel = dialect.profiel
    told = profiel is not None and profiel.tekenset is not None
    why = _by_profile(dialect) if told else _WHY_ENCODING[dialect.encoding]
    yield f"Tekenset: {ENCODING_NAMES[dialect.encoding]}, {why}."
    told = profiel is not None and profiel.scheidingsteken is not None
    why = _by_profile(dialect) if told else "zo zijn in de kopregel de meeste kolomnamen te herkennen"
    yield f"Scheidingsteken: {delimiter_name(dialect)}, {why}."
    if dialect.lone_returns:
        yield "Regeleinden: ook een regelterugloop (CR) alleen sluit een regel af."


def _why_decimal(dialect: Dialect) -> str:
    if dialect.profiel is not None and dialect.profiel.decimaalteken is not None:
        return f"Decimaalteken: {decimal_name(dialect)}, {_by_profile(dialect)}."
    seen = dialect.evidence
    comma, point = seen.comma + seen.points, seen.point + seen.point_and_commas
    if comma == point == 0:
        why = "geen bedrag laat het zien" + ("" if dialect.decimal == "." else "; zo schrijven wij het in Nederland")
    else:
        why = f"{comma} bedragen laten een komma zien en {point} een punt"
    return f"Decimaalteken: {decimal_name(dialect)}, {why}."


def _why_dates(dialect: Dialect) -> str:
    order = DATE_ORDERS[dialect.date_order]
    if dialect.profiel is not None and dialect.profiel.datumvolgorde is not None:
        return f"Datums: {order}, {_by_profile(dialect)}."
    seen = dialect.evidence
    if seen.day_first + seen.month_first + seen.year_first == 0:
        return f"Datums: {order}, geen datum laat de volgorde zien; zo schrijven wij het in Nederland."
    return (
        f"Datums: {order}, want met de dag voorop zijn er {seen.day_first}, met de maand voorop {seen.month_first} en"
        f" met het jaar voorop {seen.year_first}; {seen.either} passen in beide volgorden."
    )


def _why_columns(dialect: Dialect) -> Iterator[str]:
    headers = dialect.headers
    for n in dialect.by_profile:
        what = f"'{headers[n].strip()}'" if headers else f"plaats {n + 1}"
        yield f"Kolom {what} is {dialect.columns[n]}: {_by_profile(dialect)}."
    for n in dialect.by_synonym:
        yield f"Kolom '{headers[n].strip()}' is gelezen als {dialect.columns[n]}: een bekende andere naam."
    ignored = [headers[n].strip() for n in dialect.ignored] if headers and _mostly_known(dialect) else []
    names = [f"'{text}'" for text in ignored if looks_like_a_name(text)]
    if names:
        yield f"Niet gelezen: {', '.join(names)}."
    others = len(dialect.ignored) - len(names)
    if others:
        yield f"Niet gelezen: {others} kolommen met een naam die wij niet kennen en hier niet herhalen."


def _mostly_known(dialect: Dialect) -> bool:
    return sum(1 for name in dialect.columns if name is not None) >= len(dialect.ignored)
