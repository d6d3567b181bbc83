"""RIS Matching, now xxllnc Vroegsignalering: CSV upload, taken in at once, processed afterwards.

Public facts only: partners upload CSV. Layout, paths and answers are ours, unverified. The receipt comes at once; the
rows are judged later, so `deliver` looks for the result a few seconds and then says Unknown with `pending`, and `query`
finds the result by the idempotency key.
"""

import csv
import io
from typing import Annotated

from msgspec import Meta

from adapters.batch import BatchAdapter, Body
from adapters.config import HttpConfig, Surroundings
from adapters.http import open_channel
from adapters.mapping import Mapping, load_mapping, to_records
from contracts.outcomes import Refused
from contracts.ports import SignaalParcel


class RisConfig(HttpConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`patience_seconds`: how long one attempt waits for the result of a file that was taken in."""

    mapping: str = "ris"
    poll: bool = False
    patience_seconds: Annotated[int, Meta(ge=0, le=60)] = 5


def open_ris(config: RisConfig, surroundings: Surroundings) -> BatchAdapter:
    """Raises AdapterConfigError."""
    mapping = load_mapping(config.mapping, package=__name__)
    channel = open_channel(config, surroundings)
    return BatchAdapter(channel, mapping, encode_csv, poll_results=config.poll, patience=config.patience_seconds)


def encode_csv(mapping: Mapping, parcel: SignaalParcel) -> Body | Refused:
    """UTF-8 CSV with a header, semicolons, CRLF; an absent value is an empty field (RFC 4180 quoting)."""
    records = to_records(mapping, parcel.signalen)
    if isinstance(records, Refused):
        return records
    text = io.StringIO()
    writer = csv.DictWriter(text, [c.name for c in mapping.columns], delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(records)
    return Body(text.getvalue().encode(), "text/csv; charset=utf-8; header=present")
