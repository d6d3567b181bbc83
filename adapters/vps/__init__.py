"""VPS (Vindplaats van Schulden, BKR): System-To-System delivery.

Public facts only: messages are Fatal, Error or Warning; a whole batch or one signaal can be refused; a threshold
message names value and minimum; maintenance on Tuesdays 05:00-07:00 in even weeks. Layout and paths are assumed.
"""

from adapters.batch import BatchAdapter, encode_json
from adapters.config import HttpConfig, Surroundings
from adapters.http import open_channel
from adapters.mapping import load_mapping


class VpsConfig(HttpConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mapping`: the packaged file or a path; `poll`: fetch results instead of waiting for them."""

    mapping: str = "vps"
    poll: bool = False


def open_vps(config: VpsConfig, surroundings: Surroundings) -> BatchAdapter:
    """Raises AdapterConfigError."""
    mapping = load_mapping(config.mapping, package=__name__)
    return BatchAdapter(open_channel(config, surroundings), mapping, encode_json, poll_results=config.poll)
