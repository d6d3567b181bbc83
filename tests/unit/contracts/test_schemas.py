"""The published JSON Schemas are those of the structures, and say yes and no as the structures do."""

import json

import jsonschema
import msgspec
import pytest

from contracts.profiel import Datumvolgorde, Profiel
from contracts.schemas import FOLDER, PUBLISHED, schema_text
from tests.builders import (
    a_gemeente,
    a_partner,
    a_resultaat,
    a_signaal,
    a_systeem,
    a_toegang,
    an_overeenkomst,
)

EXAMPLES = {
    "signaal-v1": a_signaal(),
    "resultaat-v1": a_resultaat(),
    "overeenkomst-v1": an_overeenkomst(),
    "gemeente-v1": a_gemeente(),
    "systeem-v1": a_systeem(),
    "signaalpartner-v1": a_partner(),
    "toegang-v1": a_toegang(),
    "profiel-v1": Profiel(naam="SAP", versie=3, datumvolgorde=Datumvolgorde.MDJ, kolommen={"Klantnr": "klantnummer"}),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_schema_is_not_stale(name):
    file = FOLDER / f"{name}.json"
    assert file.read_text("utf-8") == schema_text(name), "run: python -m contracts.schemas"


def test_no_schema_is_left_of_something_that_is_gone():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_schema_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_we_write_fits_its_schema_and_an_unknown_field_does_not(name):
    validator = jsonschema.Draft202012Validator(json.loads(schema_text(name)))
    document = json.loads(msgspec.json.encode(EXAMPLES[name]))
    assert list(validator.iter_errors(document)) == []
    assert list(validator.iter_errors(document | {"vrijeTekst": "x"}))
