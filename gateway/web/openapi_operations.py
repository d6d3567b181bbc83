"""Every operation of the interface: what it takes, what it promises to answer. Texts are Dutch: partners read them."""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from contracts.aanbieding import BewijzenVanAanbieding
from contracts.aanlevering import Aanlevering, Verwerkingsverslag
from contracts.uitleg import Uitleg, UitlegLijst
from gateway.web.forms import (
    Aankondiging,
    Aanleveringen,
    BevestigingBesluit,
    GatewayStatus,
    ResultaatAntwoorden,
    Resultaten,
    Terugkoppelingen,
)

Schema = dict[str, Any]
Content = dict[str, type[Struct] | Schema]
"""Media type → the structure it carries, or a schema of its own."""

BINARY: Final[Schema] = {"type": "string", "format": "binary"}
TEXT: Final[Schema] = {"type": "string"}
MULTIPART: Final[Schema] = {
    "type": "object",
    "properties": {
        "bestand": {"type": "string", "format": "binary", "description": "Het ene bestand."},
        "profiel": {"type": "string", "description": "Naam van het profiel waarmee het bestand wordt gelezen."},
    },
    "required": ["bestand"],
}
JWKS: Final[Schema] = {
    "type": "object",
    "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
    "required": ["keys"],
}


class Parameter(Struct, frozen=True, kw_only=True):
    """A query, header or path parameter."""

    name: str
    place: str
    text: str
    schema: Schema
    required: bool = False


class Success(Struct, frozen=True, kw_only=True):
    """A 2xx answer. `location`: it carries a Location header."""

    status: int
    text: str
    content: Content = {}
    location: bool = False


class Operation(Struct, frozen=True, kw_only=True):
    """`who`: whose credential it takes, None for anybody. `problems`: the 4xx and 5xx besides 406 and 500."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    who: str | None
    parameters: tuple[Parameter, ...] = ()
    body: Content = {}
    successes: tuple[Success, ...]
    problems: tuple[int, ...] = ()


_UUID: Final[Schema] = {"type": "string", "format": "uuid"}
_ID: Final = Parameter(
    name="aanleveringId", place="path", text="Het id uit het ontvangstbewijs.", schema=_UUID, required=True
)
_KEY: Final = Parameter(
    name="Idempotency-Key",
    place="header",
    text="UUID van de aanvraag. Dezelfde sleutel met hetzelfde bestand geeft hetzelfde ontvangstbewijs, met een ander "
    "bestand 409.",
    schema=_UUID,
)
_DIGEST: Final = Parameter(
    name="Content-Digest",
    place="header",
    text="RFC 9530, sha-256 of sha-512 van de inhoud. Klopt hij niet, dan is er niets ontvangen.",
    schema=TEXT,
)
_DISPOSITION: Final = Parameter(
    name="Content-Disposition",
    place="header",
    text='Bestandsnaam: attachment; filename="…". Alleen u ziet hem terug.',
    schema=TEXT,
)
_PROFIEL: Final = Parameter(
    name="profiel",
    place="query",
    text="Naam van het profiel waarmee het bestand wordt gelezen. Zonder naam: het enige profiel dat u hebt, het "
    "standaardprofiel, of het profiel waarvan alle genoemde kolommen in het bestand staan. Een onbekende naam: 422.",
    schema={"type": "string", "maxLength": 63},
)
_AANTAL: Final = Parameter(
    name="aantal",
    place="query",
    text="Hoeveel ten hoogste.",
    schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
)
_SIGNED_IN: Final = (401, 403)
_BODY: Final = (400, 413, 415, 429, 503, 507)

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        id="leverAan",
        method="post",
        path="/aanleveringen",
        tag="aanleveringen",
        summary="Lever een bestand aan, of kondig er een aan",
        who="signaalpartner",
        parameters=(_KEY, _DIGEST, _DISPOSITION, _PROFIEL),
        body={
            "text/csv": BINARY,
            "application/octet-stream": BINARY,
            "multipart/form-data": MULTIPART,
            "application/json": Aankondiging,
        },
        successes=(
            Success(
                status=202,
                text="Ontvangen: het ondertekende ontvangstbewijs is vastgelegd voordat u dit antwoord kreeg.",
                content={"application/json": Aanlevering},
                location=True,
            ),
            Success(
                status=201,
                text="Aangekondigd: PUT de inhoud naar contentUri.",
                content={"application/json": Aanlevering},
                location=True,
            ),
        ),
        problems=(*_SIGNED_IN, 409, 422, *_BODY),
    ),
    Operation(
        id="leesAanleveringen",
        method="get",
        path="/aanleveringen",
        tag="aanleveringen",
        summary="Uw ontvangen aanleveringen, nieuwste eerst",
        who="signaalpartner",
        parameters=(
            Parameter(name="na", place="query", text="Ga verder na deze aanleveringId.", schema=_UUID),
            _AANTAL,
        ),
        successes=(Success(status=200, text="Een pagina.", content={"application/json": Aanleveringen}),),
        problems=(400, *_SIGNED_IN, 503),
    ),
    Operation(
        id="leesAanlevering",
        method="get",
        path="/aanleveringen/{aanleveringId}",
        tag="aanleveringen",
        summary="Stand en aantallen van een aanlevering",
        who="signaalpartner",
        parameters=(_ID,),
        successes=(Success(status=200, text="De stand nu.", content={"application/json": Aanlevering}),),
        problems=(400, *_SIGNED_IN, 404, 503),
    ),
    Operation(
        id="stuurInhoud",
        method="put",
        path="/aanleveringen/{aanleveringId}/inhoud",
        tag="aanleveringen",
        summary="Stuur de inhoud van een aangekondigd bestand",
        who="signaalpartner",
        parameters=(_ID, replace(_DIGEST, required=True)),
        body={"application/octet-stream": BINARY, "text/csv": BINARY},
        successes=(Success(status=204, text="Ontvangen; Location wijst naar het ontvangstbewijs.", location=True),),
        problems=(*_SIGNED_IN, 404, 409, *_BODY),
    ),
    Operation(
        id="leesOntvangstbewijs",
        method="get",
        path="/aanleveringen/{aanleveringId}/ontvangstbewijs",
        tag="aanleveringen",
        summary="Het ondertekende ontvangstbewijs (JWS), te controleren met /sleutels",
        who="signaalpartner",
        parameters=(_ID,),
        successes=(Success(status=200, text="Compacte JWS.", content={"application/jose": TEXT}),),
        problems=(400, *_SIGNED_IN, 404, 503),
    ),
    Operation(
        id="leesVerwerkingsverslag",
        method="get",
        path="/aanleveringen/{aanleveringId}/verwerkingsverslag",
        tag="aanleveringen",
        summary="Wat er met elke regel is gebeurd en wat u nu doet",
        who="signaalpartner",
        parameters=(_ID,),
        successes=(
            Success(
                status=200,
                text="Het verslag nu, in de vorm die u in Accept vraagt.",
                content={"application/json": Verwerkingsverslag, "text/csv": TEXT, "text/html": TEXT},
            ),
        ),
        problems=(400, *_SIGNED_IN, 404, 409, 429, 503),
    ),
    Operation(
        id="leesHerstelbestand",
        method="get",
        path="/aanleveringen/{aanleveringId}/herstelbestand",
        tag="aanleveringen",
        summary="De geweigerde regels die u kunt herstellen, zoals u ze stuurde, met hun bevindingen",
        who="signaalpartner",
        parameters=(_ID,),
        successes=(
            Success(
                status=200,
                text="CSV in UTF-8 met BOM, met uw scheidingsteken en kolommen en één kolom erbij. Verbeter de regels, "
                "en lever het bestand aan met die laatste kolom: dan hoort het bij deze aanlevering.",
                content={"text/csv": TEXT},
            ),
        ),
        problems=(400, *_SIGNED_IN, 404, 409, 410, 429, 503),
    ),
    Operation(
        id="leesBewijzenVanAanbieding",
        method="get",
        path="/aanleveringen/{aanleveringId}/bewijzen-van-aanbieding",
        tag="aanleveringen",
        summary="Ondertekende bewijzen, zonder persoonsgegevens, van regels die u aanbood en die niet door mochten",
        who="signaalpartner",
        parameters=(
            _ID,
            Parameter(
                name="na",
                place="query",
                text="Alleen regels na dit regelnummer.",
                schema={"type": "integer", "minimum": 0, "default": 0},
            ),
            Parameter(
                name="aantal",
                place="query",
                text="Hoeveel ten hoogste; zonder dit alle.",
                schema={"type": "integer", "minimum": 1},
            ),
        ),
        successes=(
            Success(
                status=200,
                text="Per regel een compacte JWS over een BewijsVanAanbieding, te controleren met /sleutels, en haar "
                "zout.",
                content={"application/json": BewijzenVanAanbieding},
            ),
        ),
        problems=(400, *_SIGNED_IN, 404, 409, 410, 429, 503),
    ),
    Operation(
        id="bevestigAanlevering",
        method="post",
        path="/aanleveringen/{aanleveringId}/bevestiging",
        tag="aanleveringen",
        summary="Zeg of een opvallend bestand dat op u wacht moet worden doorgegeven of ingetrokken",
        who="signaalpartner",
        parameters=(_ID,),
        body={"application/json": BevestigingBesluit},
        successes=(
            Success(
                status=200,
                text="Besloten; hetzelfde besluit nog eens geeft hetzelfde antwoord.",
                content={"application/json": Aanlevering},
            ),
        ),
        problems=(400, *_SIGNED_IN, 404, 409, 413, 415, 503),
    ),
    Operation(
        id="leesTerugkoppelingen",
        method="get",
        path="/terugkoppelingen",
        tag="terugkoppelingen",
        summary="Terugkoppelingen na een volgnummer, oudste eerst, ten minste eenmaal",
        who="signaalpartner",
        parameters=(
            Parameter(
                name="na",
                place="query",
                text="Het laatste volgnummer dat u hebt verwerkt.",
                schema={"type": "integer", "minimum": 0, "default": 0},
            ),
            _AANTAL,
        ),
        successes=(Success(status=200, text="Een pagina.", content={"application/json": Terugkoppelingen}),),
        problems=(400, *_SIGNED_IN, 503),
    ),
    Operation(
        id="meldResultaten",
        method="post",
        path="/resultaten",
        tag="resultaten",
        summary="Meld resultaten van signalen, voor systemen van gemeenten",
        who="systeem van een gemeente",
        body={"application/json": Resultaten},
        successes=(
            Success(
                status=200,
                text="Per resultaat een antwoord, in dezelfde volgorde.",
                content={"application/json": ResultaatAntwoorden},
            ),
        ),
        problems=(400, *_SIGNED_IN, 404, 413, 415, 503),
    ),
    Operation(
        id="leesBevindingen",
        method="get",
        path="/bevindingen",
        tag="algemeen",
        summary="Alle codes van bevindingen",
        who=None,
        successes=(
            Success(
                status=200,
                text="De lijst, als JSON of als pagina.",
                content={"application/json": UitlegLijst, "text/html": TEXT},
            ),
        ),
    ),
    Operation(
        id="leesBevinding",
        method="get",
        path="/bevindingen/{code}",
        tag="algemeen",
        summary="Wat een bevinding betekent, met een voorbeeld en hoe u het in Excel herstelt",
        who=None,
        parameters=(Parameter(name="code", place="path", text="De code uit het verslag.", schema=TEXT, required=True),),
        successes=(
            Success(
                status=200,
                text="De uitleg, als JSON of als pagina.",
                content={"application/json": Uitleg, "text/html": TEXT},
            ),
        ),
        problems=(400, 404),
    ),
    Operation(
        id="leesSleutels",
        method="get",
        path="/sleutels",
        tag="algemeen",
        summary="De openbare sleutels van ontvangstbewijzen (JWKS)",
        who=None,
        successes=(
            Success(
                status=200,
                text="RFC 7517.",
                content={"application/jwk-set+json": JWKS, "application/json": JWKS},
            ),
        ),
    ),
    Operation(
        id="leesStatus",
        method="get",
        path="/status",
        tag="algemeen",
        summary="Of de dienst en zijn database antwoorden",
        who=None,
        successes=(Success(status=200, text="In orde.", content={"application/json": GatewayStatus}),),
        problems=(503,),
    ),
    Operation(
        id="leesOpenapi",
        method="get",
        path="/openapi.json",
        tag="algemeen",
        summary="Dit document",
        who=None,
        successes=(
            Success(
                status=200,
                text="OpenAPI.",
                content={
                    "application/json": {"type": "object"},
                    "application/vnd.oai.openapi+json": {"type": "object"},
                },
            ),
        ),
    ),
)
