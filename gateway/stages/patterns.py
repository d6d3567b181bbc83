"""Patterns that tell trouble in text, each with what it stands for.

Syntax of the `regex` crate: no look-around. And no `\\b`: letters beyond ASCII then drop it to its slow way.
"""

from typing import Final

BIDI: Final = r"\x{061C}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}"
CONTROL: Final = rf"[\x00-\x1F\x7F-\x{{9F}}{BIDI}]"
"""Control characters and those that turn the direction of text around: invisible, and a way to mislead."""
SPACE_AT_END: Final = r"^\s|\s$"
"""White space that is stripped; text that is nothing else counts as empty."""
LOST_CHARACTER: Final = r"[?\x{FFFD}]"
"""A letter that an earlier export could not keep: `Súdwest` as `S?dwest`."""
MOJIBAKE: Final = r"[ÂÃÄÅ][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€"
"""UTF-8 that was read as Windows-1252 once: `Müller` as `MÃ¼ller`."""
INFIX: Final = (
    r"(?i)^('s|'t|aan|bij|de|den|der|d'|het|in|la|le|onder|op|over|te|ten|ter|tot|uit|uijt|van|v\.d\.|v/d|vd|ver|von"
    r"|voor)[ .]+\S|, *(van|de|den|der|te|ten|ter|van de|van den|van der)$"
)
"""A voorvoegsel before the surname, or behind it after a comma."""
LEGAL_PERSON: Final = (
    r"(?i)(^|[\s(])(b\.v\.?|bv|n\.v\.?|nv|stichting|vve|v\.v\.e\.?|vereniging( van eigenaars| van eigenaren)?"
    r"|co[oö]peratie)($|[\s),])"
)
"""Words of legal persons (BW boek 2 art. 3); a signal concerns a natural person."""
ESZETT: Final = "ß|ẞ"
MARRIED: Final = r"(?i)\s[-–]\s|(^|[\s(,])(e/v|e\.v\.|echtg|gehuwd|geb\.|weduwe|wed\.)"
"""Two names in one: of birth and of the partner."""
PO_BOX: Final = r"(?i)^\s*(postbus|antwoordnummer)($|[\s0-9.:])"
_COMMON: Final = f"{CONTROL}|{SPACE_AT_END}|{LOST_CHARACTER}|{MOJIBAKE}"
NAME_SUSPECT: Final = _COMMON
ADDRESS_SUSPECT: Final = f"{_COMMON}|{PO_BOX}"
SURNAME_SUSPECT: Final = f"{_COMMON}|{INFIX}|{LEGAL_PERSON}|{ESZETT}|{MARRIED}"

_MAIL_CHAR: Final = rf'[^@\s,;:<>()"\[\]\\\x00-\x1F\x7F-\x{{9F}}{BIDI}]'
_MAIL_LABEL: Final = rf'[^@\s,;:<>()"\[\]\\\x00-\x1F\x7F-\x{{9F}}{BIDI}.]+'
EMAIL: Final = rf"^{_MAIL_CHAR}+@{_MAIL_LABEL}(\.{_MAIL_LABEL})+$"
PHONE: Final = (
    r"^(0[1-9][0-9]{8}|\+[1-9][0-9]{7,14}|00[1-9][0-9]{7,14})(?:(?:[/,;|&]|of|en)\+?[0-9]{6,15}|0[1-9][0-9]{8})?$"
)
"""One number, or a first of two; of compact text in lower case."""
TWO_PHONES: Final = r"^\+?[0-9]{8,15}([/,;|&]|of|en)\+?[0-9]{6,15}$|^0[1-9][0-9]{8}0[1-9][0-9]{8}$"
INCOMPLETE_DATE: Final = (
    r"^(00?[-/.][0-9]{1,2}[-/.][0-9]{4}|[0-9]{1,2}[-/.]00?[-/.][0-9]{4}|[0-9]{4}-00-[0-9]{2}|[0-9]{4}-[0-9]{2}-00"
    r"|[0-9]{4}|[0-9]{6}00|[0-9]{4}00[0-9]{2})$"
)
"""A birth date of which day or month is unknown, as registers write it."""
