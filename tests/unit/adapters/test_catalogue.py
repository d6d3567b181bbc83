"""The catalogue: names, typed configuration, and adapters of third parties."""

import asyncio
import datetime as dt
import sys
from pathlib import Path

import pytest

from adapters.catalogue import ADAPTERS, GROUP, check_config, entry, names, open_adapter
from adapters.config import AdapterConfigError
from contracts.overeenkomst import Systeem
from contracts.ports import Adapter


def a_systeem(adapter: str = "vps", **config: str | int | bool) -> Systeem:
    return Systeem(key="my-vps", naam="VPS", adapter=adapter, config={"url": "https://vps.example.test"} | config)


def open_it(systeem: Systeem) -> Adapter:
    return open_adapter(systeem, clock=lambda: dt.datetime(2026, 11, 22, tzinfo=dt.UTC), dice=bytes)


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_every_adapter_opens_with_an_address_alone(name: str) -> None:
    async def scene() -> None:
        await open_it(a_systeem(name)).aclose()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"urll": "x"}, "urll"),
        ({"timeout_seconds": "soon"}, "timeout_seconds"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"url": "ftp://vps.example.test"}, "url"),
        ({"url": "https://user:pass@vps.example.test"}, "url"),
        ({"url": "https://vps.example.test/?a=b"}, "url"),
        ({"poll": "yes"}, "poll"),
    ],
)
def test_configuration_that_does_not_fit_names_system_and_key(config: dict[str, str | int], named: str) -> None:
    with pytest.raises(AdapterConfigError, match=rf"my-vps.*{named}"):
        check_config(a_systeem(**config))


@pytest.mark.parametrize("url", ["https://[::1", "https://vps.example.test:port", "https://vps.example.test:99999999"])
def test_an_address_that_is_none_names_the_system(url: str) -> None:
    with pytest.raises(AdapterConfigError, match=r"systeem my-vps: url"):
        open_it(a_systeem(url=url))


@pytest.mark.parametrize("config", [{"mapping": "absent"}, {"token_file": "/absent/token"}])
def test_what_cannot_be_opened_names_the_system(config: dict[str, str]) -> None:
    with pytest.raises(AdapterConfigError, match=r"systeem my-vps: .*absent"):
        open_it(a_systeem(**config))


def test_an_adapter_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(AdapterConfigError, match="there are: rest, ris, vps"):
        entry("fax")


def _installed(folder: Path, code: str) -> None:
    (folder / "third_party_adapter.py").write_text(code)
    info = folder / "third_party-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nfax = third_party_adapter:ENTRY\nvps = third_party_adapter:ENTRY\n"
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path, as if something were installed there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "third_party_adapter", raising=False)
    return tmp_path


def test_a_third_party_brings_its_own(site: Path) -> None:
    _installed(
        site,
        "import msgspec\n"
        "from adapters.catalogue import Entry\n"
        "class FaxConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):\n"
        "    number: int\n"
        "ENTRY = Entry(FaxConfig, lambda config, surroundings: ('fax', config.number))\n",
    )
    assert names() == ["fax", "rest", "ris", "vps"]
    fax = Systeem(key="fax", naam="Fax", adapter="fax", config={"number": 5})
    assert open_it(fax) == ("fax", 5)
    assert entry("vps") is ADAPTERS["vps"]
    with pytest.raises(AdapterConfigError, match="number"):
        check_config(Systeem(key="fax", naam="Fax", adapter="fax"))


def test_an_entry_point_that_loads_to_something_else_is_refused(site: Path) -> None:
    _installed(site, "ENTRY = object()\n")
    with pytest.raises(AdapterConfigError, match="entry point"):
        entry("fax")


@pytest.mark.parametrize("code", ["import a_module_that_is_not_there\n", "OTHER = 1\n"])
def test_an_entry_point_that_does_not_load_is_refused(code: str, site: Path) -> None:
    _installed(site, code)
    with pytest.raises(AdapterConfigError, match="cannot be loaded"):
        entry("fax")
