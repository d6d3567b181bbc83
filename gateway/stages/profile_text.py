"""A proposed profile as TOML, for a person to read and mend: why each line is so, and in comments what is in doubt.

The comments are Dutch, as everything that a signaalpartner may read. No value of a row stands in them.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contracts.layout import KOLOM
from contracts.profiel import Bedrageenheid, Bestandsvorm, Tekenset
from contracts.signaal import LCV_SOORTEN
from gateway.stages.column_names import looks_like_a_name
from gateway.stages.dialect import Dialect
from gateway.stages.encoding import CP1252, ISO_8859_15, UTF_16
from gateway.stages.explain import explain
from gateway.stages.guess import Column, Guess
from gateway.stages.profiles import place, quoted

_WIDTH: Final = 100
_ENCODINGS: Final = {
    CP1252: Tekenset.WINDOWS_1252,
    ISO_8859_15: Tekenset.ISO_8859_15,
    UTF_16: Tekenset.UTF_16,
}
_REASONS: Final = {
    "vorm": "Vorm:",
    "blad": "Eén van",
    "kopregel": "Kopregel:",
    "tekenset": "Tekenset:",
    "scheidingsteken": "Scheidingsteken:",
    "decimaalteken": "Decimaalteken:",
    "datumvolgorde": "Datums:",
    "bedragen_in": "Bedragen in centen:",
}
"""Key of a profile → how the sentence begins that explains it."""
_OPENING: Final = (
    "Voorstel, gemaakt uit het begin van een bestand. Kijk elke regel na. Wat achter # staat doet niets: het wordt per"
    " bestand gezien, of het is twijfelachtig; haal het # weg om het vast te leggen. Kies zelf een naam, en verhoog"
    " versie bij elke wijziging."
)


def profile_text(guess: Guess) -> str:
    """The TOML text; `profiles.parse_profile` reads back `guess.profiel`."""
    return "\n".join(_lines(guess)) + "\n"


def _lines(guess: Guess) -> Iterator[str]:
    yield from _comment(_OPENING)
    yield f"naam = {quoted(guess.profiel.naam)}"
    yield f"versie = {guess.profiel.versie}"
    yield from _formats(guess)
    yield from _columns(guess)
    yield from _constants(guess)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _formats(guess: Guess) -> Iterator[str]:
    why = _reasons(guess.dialect)
    for key, seen in _seen(guess.dialect).items():
        told = getattr(guess.profiel, key)
        reason = guess.answers.get(key) or why.get(key)
        if told is None and seen is None:
            continue
        yield ""
        if reason:
            yield from _comment(reason)
        value = told if told is not None else seen
        line = f"{key} = {value if isinstance(value, int) else quoted(str(value))}"
        yield line if told is not None else f"# {line}"


def _seen(dialect: Dialect) -> dict[str, str | int | None]:
    """Key of a profile → what it would say of this file; None: nothing worth saying."""
    bron = dialect.bron
    csv = bron.vorm is Bestandsvorm.CSV
    blad = bron.blad if len(bron.bladen) > 1 and bron.blad and looks_like_a_name(bron.blad) else None
    return {
        "vorm": None if csv else bron.vorm.value,
        "blad": blad,
        "kopregel": dialect.header_line,
        "tekenset": _ENCODINGS.get(dialect.encoding, Tekenset.UTF_8).value if csv else None,
        "scheidingsteken": dialect.delimiter if csv else None,
        "decimaalteken": dialect.decimal,
        "datumvolgorde": dialect.date_order.value,
        "bedragen_in": Bedrageenheid.CENT.value if dialect.cents else Bedrageenheid.EURO.value,
    }


def _reasons(dialect: Dialect) -> dict[str, str]:
    """Key of a profile → the sentence that explains what was seen."""
    as_seen = replace(
        dialect,
        profiel=None,
        columns=(),
        headers=(),
        by_profile=(),
        by_synonym=(),
        header_line=dialect.header_line or 1,
    )
    sentences = explain(as_seen)
    found = {key: next((one for one in sentences if one.startswith(start)), "") for key, start in _REASONS.items()}
    return found if dialect.header_line else found | {"kopregel": ""}


def _columns(guess: Guess) -> Iterator[str]:
    profiel, headers = guess.profiel, guess.dialect.headers
    yield ""
    named = sum(1 for name in guess.dialect.columns if name is not None) - len(profiel.kolommen)
    if headers and named > 0:
        heten = "1 kolom heet" if named == 1 else f"{named} kolommen heten"
        yield from _comment(f"{heten} zoals in de indeling; dat hoeft hier niet te staan.")
    if not headers:
        yield from _comment(
            "De plaats van elke kolom, 1 is de eerste. Vul aan welke kolom op de andere plaatsen staat."
        )
    for line in guess.columns:
        yield from _column(line)
    if not headers:
        absent = (str(n) for n in range(1, len(guess.dialect.columns) + 1) if str(n) not in profiel.kolommen)
        yield from (f'# {place("kolommen", n)} = ""' for n in absent)
    if profiel.negeren:
        yield ""
        yield from _comment(guess.answers.get("negeren", ""))
        yield f"negeren = [{', '.join(quoted(text) for text in profiel.negeren)}]"
    unread = [text.strip() for text in headers if looks_like_a_name(text.strip())]
    mentioned = {line.header for line in guess.columns} | set(profiel.negeren)
    left = [headers[n].strip() for n in guess.dialect.ignored if headers and headers[n].strip() not in mentioned]
    names = [text for text in left if text in unread]
    if names:
        yield from _comment(f"Niet gelezen: {', '.join(quoted(text) for text in names)}.")


def _column(line: Column) -> Iterator[str]:
    text = ("" if line.active else "# ") + f"{place('kolommen', line.header)} = {quoted(line.column)}"
    if len(text) + len(line.reason) + 3 <= _WIDTH:
        yield f"{text}  # {line.reason}"
    else:
        yield from _comment(line.reason)
        yield text


def _constants(guess: Guess) -> Iterator[str]:
    if guess.absent:
        yield ""
        yield from _comment(
            f"Verplicht en niet herkend: {', '.join(guess.absent)}. Noem hierboven de kolommen waar dit in staat, of"
            " voeg ze toe aan de export."
        )
    if not guess.constants:
        return
    yield ""
    yield from _comment(
        "Deze kolommen staan niet in het bestand. Geldt voor elke regel hetzelfde, leg het dan hier vast; doe dat bij"
        " de vier vragen over uw inspanning alleen als het voor elke regel waar is."
    )
    for name in guess.constants:
        kinds = sorted(KOLOM[name].verplicht & LCV_SOORTEN)
        only = f"  # nodig bij {' en '.join(kinds)}" if len(kinds) < len(LCV_SOORTEN) else ""
        yield f"# {place('constanten', name)} = {quoted(KOLOM[name].voorbeeld)}{only}"
