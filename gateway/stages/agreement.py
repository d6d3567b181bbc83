"""The gate: whether a signaal may pass, under which overeenkomst, to which system. Fails closed."""

from dataclasses import dataclass

from contracts.overeenkomst import Overeenkomst


@dataclass(frozen=True, slots=True)
class VersionedOvereenkomst:
    """One immutable version of an overeenkomst; a delivery records the version that allowed it."""

    version: int
    overeenkomst: Overeenkomst
