"""Every installed dependency has a licence that may be combined with the EUPL-1.2 (EUPL, appendix and article 5)."""

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = (
    "MIT", "MIT-0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD 2-Clause License", "BSD License", "Apache-2.0",
    "Apache 2.0", "Apache Software License", "ISC", "PSF-2.0", "Python Software Foundation License", "Unlicense",
    "The Unlicense (Unlicense)",
    "MIT License", "MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)", "LGPL-3.0-only", "LGPL", "PostgreSQL",
    "GNU Lesser General Public License v2 or later (LGPLv2+)",
)  # fmt: skip
NOT_A_LICENCE = ("DFSG approved", "OSI Approved")


def locked(lock: str) -> list[str]:
    text = (ROOT / lock).read_text("utf-8")
    return re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, re.MULTILINE)


def licences(distribution: str) -> list[str]:
    """What a package says of itself: the expression, else the classifiers, else the short field."""
    found = metadata.metadata(distribution)
    expression = found.get("License-Expression")
    if expression:
        return re.split(r" (?:OR|AND) ", expression)
    classifiers = [c.rpartition(" :: ")[2] for c in found.get_all("Classifier") or [] if c.startswith("License ::")]
    classifiers = [c for c in classifiers if c not in NOT_A_LICENCE]
    return classifiers or [(found.get("License") or "none").strip().partition("\n")[0].strip()]


def installed(names: list[str]) -> list[str]:
    """Those of the lock that belong on this platform."""
    present = {
        (distribution.metadata["Name"] or "").lower().replace("_", "-") for distribution in metadata.distributions()
    }
    return [name for name in names if name.lower().replace("_", "-") in present]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_dependency_has_an_allowed_licence(lock: str) -> None:
    names = installed(locked(lock))
    assert len(names) > 20
    assert {name: licences(name) for name in names if not set(ALLOWED).intersection(licences(name))} == {}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock"])
def test_every_locked_line_has_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    pinned = re.findall(r"^[A-Za-z0-9][\w.-]*==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE)
    assert len(pinned) == len(locked(lock))


def test_our_own_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert "Appendix" in text
