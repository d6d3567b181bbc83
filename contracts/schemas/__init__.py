"""JSON Schemas (2020-12) of what travels, made from the structures; `python -m contracts.schemas` writes them."""

import json
from pathlib import Path
from typing import Final

import msgspec

from contracts.aanbieding import BewijsVanAanbieding
from contracts.aanlevering import Aanlevering, Ontvangstbewijs, Verwerkingsverslag
from contracts.overeenkomst import Experiment, Gemeente, Overeenkomst, Signaalpartner, Systeem, Toegang
from contracts.profiel import Profiel
from contracts.signaal import Signaal
from contracts.terugkoppeling import Resultaat, ResultaatAntwoord, Terugkoppeling
from contracts.uitleg import Uitleg

FOLDER: Final = Path(__file__).parent

PUBLISHED: Final[dict[str, type[msgspec.Struct]]] = {
    "signaal-v1": Signaal,
    "aanlevering-v1": Aanlevering,
    "ontvangstbewijs-v1": Ontvangstbewijs,
    "verwerkingsverslag-v1": Verwerkingsverslag,
    "bewijs-van-aanbieding-v1": BewijsVanAanbieding,
    "uitleg-v1": Uitleg,
    "resultaat-v1": Resultaat,
    "resultaat-antwoord-v1": ResultaatAntwoord,
    "terugkoppeling-v1": Terugkoppeling,
    "overeenkomst-v1": Overeenkomst,
    "gemeente-v1": Gemeente,
    "systeem-v1": Systeem,
    "signaalpartner-v1": Signaalpartner,
    "toegang-v1": Toegang,
    "experiment-v1": Experiment,
    "profiel-v1": Profiel,
}
"""File name without `.json` → the structure. A name is kept for ever; a breaking change gets a new number."""


def schema_text(name: str) -> str:
    """The schema as it should stand in `contracts/schemas/<name>.json`."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(PUBLISHED[name])}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
