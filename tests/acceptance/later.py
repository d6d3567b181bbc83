"""The same kit at another time."""

import dataclasses
import datetime as dt

from gateway.flow.kit import Kit


def later(kit: Kit, **by: float) -> Kit:
    """A kit whose clock is ahead by `timedelta(**by)`."""
    ahead = dt.timedelta(**by)
    return dataclasses.replace(kit, clock=lambda: kit.clock() + ahead)
