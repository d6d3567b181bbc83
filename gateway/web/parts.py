"""What the apps are made of; bootstrap builds it, nothing happens at import."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.crypto.certificates import RevocationLists
from gateway.flow.kit import Kit
from gateway.flow.limits import Limits
from gateway.stages.directory import Directory


@dataclass(frozen=True, kw_only=True)
class WebParts:
    """`directory` gives the facts of the current generation and must be cheap: it is asked at every request."""

    kit: Kit
    directory: Callable[[], Directory]
    revocation: RevocationLists
    limits: Limits
