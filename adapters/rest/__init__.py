"""*Overige* systems: JSON batches by mapping, with a bearer token; agreed per gemeente.

The packaged mapping is our own proposal to a vendor that has no layout yet: the names of contracts.signaal.
"""

from adapters.batch import BatchAdapter, encode_json
from adapters.config import HttpConfig, Surroundings
from adapters.http import open_channel
from adapters.mapping import load_mapping


class RestConfig(HttpConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mapping`: the packaged file or a path; `poll`: fetch results instead of waiting for them."""

    mapping: str = "rest"
    poll: bool = False


def open_rest(config: RestConfig, surroundings: Surroundings) -> BatchAdapter:
    """Raises AdapterConfigError."""
    mapping = load_mapping(config.mapping, package=__name__)
    return BatchAdapter(open_channel(config, surroundings), mapping, encode_json, poll_results=config.poll)
