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
    r"(?i)^(['’‘`]s|['’‘`]t|aan|bij|de|den|der|d'|het|in|la|le|onder|op|over|te|ten|ter|tot|uit|uijt|van|v\.d\.|v/d|vd|ver|von"
    r"|voor)[ .]+\S|, *(van|de|den|der|te|ten|ter|van de|van den|van der)$"
    r"|^(?-i:da|dal|das|del|della|degli|des|di|do|dos|du|el|las|les|lo|vom|zu|zum|zur) +\S"
)
"""A voorvoegsel before the surname, or behind it after a comma; of names of other countries in lower case alone."""
LEGAL_PERSON: Final = (
    r"(?i)(^|[\s(])(b\.v\.?|bv|n\.v\.?|nv|stichting|vve|v\.v\.e\.?|vereniging( van eigenaars| van eigenaren)?"
    r"|co[oö]peratie)($|[\s),])"
)
"""Words of legal persons (BW boek 2 art. 3); a signal concerns a natural person."""
ESZETT: Final = "ß|ẞ"
MARRIED: Final = r"(?i)\s[-–]\s|(^|[\s(,])(e/v|e\.v\.|echtg|gehuwd|geb\.|weduwe|wed\.)"
"""Two names in one: of birth and of the partner."""
PO_BOX: Final = (
    r"(?i)^\s*(postbus|antwoordnummer)($|[\s0-9.:])"
    r"|(^|[\s,(])(p/a|c/o|t\.a\.v\.?|p\.a\.|po box|p\.o\. ?box)($|[\s.:0-9])"
)
"""A postal address, of a box or by way of somebody else."""
ENTITY: Final = "&(?:[A-Za-z]{2,8}|#[0-9]{2,5}|#[xX][0-9A-Fa-f]{2,4});"
"""A letter as a page on the web writes it: `M&uuml;ller`."""
COMPOSABLE: Final = r"[^\x00-\x{2FF}\x{1E00}-\x{1EFF}\x{2010}-\x{2027}\x{20AC}]"
"""What may have another form in NFC; none of the others has."""
FORMULA: Final = "^[=@]"
"""A spreadsheet would reckon with it instead of showing it."""
CUT_OFF: Final = r"^[0-9][.,][0-9]+E\+[0-9]{1,3}$"
"""A long number as a spreadsheet shows it, its last digits gone: `6,12346E+08`."""
_COMMON: Final = f"{CONTROL}|{SPACE_AT_END}|{LOST_CHARACTER}|{MOJIBAKE}|{ENTITY}|{COMPOSABLE}|{FORMULA}"
FREE_SUSPECT: Final = f"{CONTROL}|{SPACE_AT_END}|{FORMULA}"
NUMBER_SUSPECT: Final = f"{FREE_SUSPECT}|{CUT_OFF}"
NAME_SUSPECT: Final = _COMMON
ADDRESS_SUSPECT: Final = f"{_COMMON}|{PO_BOX}"
SURNAME_SUSPECT: Final = f"{_COMMON}|{INFIX}|{LEGAL_PERSON}|{ESZETT}|{MARRIED}"

_MAIL_CHAR: Final = rf'[^@\s,;:<>()"\[\]\\\x00-\x1F\x7F-\x{{9F}}{BIDI}]'
_MAIL_LABEL: Final = rf'[^@\s,;:<>()"\[\]\\\x00-\x1F\x7F-\x{{9F}}{BIDI}.]+'
EMAIL: Final = rf"^{_MAIL_CHAR}+@{_MAIL_LABEL}(\.{_MAIL_LABEL})+$"
"""What could be an address: judged by the library, or taken for one where there are too many to judge."""
_DOMAIN: Final = r"(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+"
EMAIL_PLAIN: Final = rf"^[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@{_DOMAIN}(?:[a-z]{{2,3}}|info)$"
"""An address as it stays; none of the endings is reserved."""
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
EMAIL_SETTLED: Final = rf"^{_ATOM}(?:\.{_ATOM})*@{_DOMAIN}[a-z]{{2,}}$"
EMAIL_RESERVED: Final = r"[@.](?:arpa|invalid|local|localhost|onion|test)$"
"""Endings at which nobody has mail (RFC 6761)."""
TWO_EMAILS: Final = r"(?i)^([^@\s;,|]+@[^@\s;,|/]+)(?:\s*[;,|/]\s*|\s+(?:(?:of|en)\s+)?)[^@\s;,|]+@[^@\s]+$"

PHONE_NL: Final = (
    "^0(?:"
    r"(?:1(?:[035]\d|1[13-578]|6[124-8]|7[24]|8[0-467])|2(?:[0346]\d|2[2-46-9]|5[125]|9[479])"
    r"|3(?:[03568]\d|1[3-8]|2[01]|4[1-8])|4(?:[0356]\d|1[1-368]|7[58]|8[15-8]|9[23579])"
    r"|5(?:[0358]\d|[19][1-9]|2[1-57-9]|4[13-8]|6[126]|7[0-3578])|7\d\d)\d{6}"
    r"|6[1-58]\d{7}|66\d{7}|8[578]\d{7}|84\d{7}|91\d{7})$"
).replace(r"\d", "[0-9]")
"""A number of the Dutch plan that a person can have (as libphonenumber knows the plan): fixed, mobile, pager, internet,
of an organisation; not a number that costs the caller or the called extra."""
_DUTCH: Final = r"0[1-9][0-9]{8}|(?:\+|00)?310?[1-9][0-9]{8}"
PHONE: Final = (
    rf"^({_DUTCH}|\+[1-9][0-9]{{7,14}}|00[1-9][0-9]{{7,14}})(?:(?:[/,;|&]|of|en)\+?[0-9]{{6,15}}|0[1-9][0-9]{{8}})?$"
)
"""One number, or a first of two; of compact text in lower case."""
TWO_PHONES: Final = r"^\+?[0-9]{8,15}([/,;|&]|of|en)\+?[0-9]{6,15}$|^0[1-9][0-9]{8}0[1-9][0-9]{8}$"
PHONE_WORDS: Final = (
    r"\([^0-9)]*\)|(?:^|[\s,;/|:-])(?:telefoonnummer|telefoon|tel|mobielnummer|mobiel|mobile|mob|gsm|werk|thuis"
    r"|privé|prive|vast|nummer|nr|t|m)(?:[\s.:]+|$)"
)
"""Words that stand beside a number; of text in lower case."""
INCOMPLETE_DATE: Final = (
    r"^(00?[-/.][0-9]{1,2}[-/.][0-9]{4}|[0-9]{1,2}[-/.]00?[-/.][0-9]{4}|[0-9]{4}-00-[0-9]{2}|[0-9]{4}-[0-9]{2}-00"
    r"|[0-9]{4}|[0-9]{6}00|[0-9]{4}00[0-9]{2})$"
)
"""A birth date of which day or month is unknown, as registers write it."""
