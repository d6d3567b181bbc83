"""A terugkoppeling as a CloudEvent, structured JSON, after the NL GOV profile 1.1.

The attributes tell nothing of a person: they are inspected and logged by what lies in between. The data is the
terugkoppeling exactly as `GET /v1/terugkoppelingen` gives it; it goes over TLS to the partner's own receiver.
"""

import datetime as dt
from typing import Final

import msgspec
from msgspec import Struct

from contracts.ports import FeedbackParcel
from contracts.terugkoppeling import Terugkoppeling

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
TYPE_PREFIX: Final = "nl.signaalpoort.terugkoppeling."


class CloudEvent(Struct, frozen=True, kw_only=True):
    """The envelope. `type` is in reverse domain name notation, so its last label has hyphens, no underscores."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    time: dt.datetime
    datacontenttype: str = "application/json"
    data: Terugkoppeling


def to_cloudevent(parcel: FeedbackParcel) -> CloudEvent:
    """The event; `id` is the terugkoppeling's own, so that a webhook and the polled list name one thing alike."""
    terugkoppeling = parcel.terugkoppeling
    return CloudEvent(
        id=terugkoppeling.id,
        source=parcel.source,
        type=TYPE_PREFIX + terugkoppeling.soort.value.replace("_", "-"),
        time=terugkoppeling.beschikbaar_op,
        data=terugkoppeling,
    )


def encode(parcel: FeedbackParcel) -> bytes:
    """The same parcel always gives the same bytes; moments are UTC with Z."""
    return msgspec.json.encode(to_cloudevent(parcel))
