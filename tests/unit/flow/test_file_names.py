"""File names are sealed to their upload, and gone with their key."""

import hashlib

import pytest

from gateway.errors import IntegrityError
from gateway.flow.file_names import hash_file_name, open_file_name, seal_file_name
from gateway.flow.kit import Kit

NAME = "achterstanden Jansen.csv"


def test_a_name_comes_back_for_its_upload_alone(kit: Kit) -> None:
    sealed = seal_file_name(kit, NAME, upload_id="a")
    assert sealed is not None
    assert NAME.encode() not in sealed
    assert open_file_name(kit, sealed, upload_id="a") == NAME
    with pytest.raises(IntegrityError):
        open_file_name(kit, sealed, upload_id="b")


def test_a_name_is_gone_with_the_key_of_its_month(kit: Kit) -> None:
    sealed = seal_file_name(kit, NAME, upload_id="a")
    for name in list(kit.keys.names()):
        if name.startswith("naam/"):
            kit.keys.destroy(name)
    assert open_file_name(kit, sealed, upload_id="a") is None


def test_no_name_is_no_name(kit: Kit) -> None:
    assert seal_file_name(kit, None, upload_id="a") is None
    assert open_file_name(kit, None, upload_id="a") is None
    assert hash_file_name(None) is None
    assert hash_file_name(NAME) == hashlib.sha256(NAME.encode()).hexdigest()
