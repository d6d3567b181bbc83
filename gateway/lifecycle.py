"""The state machines, each ONE table.

Rules of this file: everything that decides which state follows which lives here, as data. Stores move rows by
compare-and-set (`UPDATE ... WHERE state = <from>`), never by assignment. Terminal states are present and empty.
The diagram in `deploy/lifecycle.md` is generated from these tables; a test ties the numbers to the lookup tables
of the database.

Upload: announced --receive--> received --start--> processing --publish--> processed
                                                              --reject---> rejected (Fatal: no row passed)
Processing that a killed process left behind goes back by `abandon`: its invisible rows are deleted first.

Delivery: a parcel to a gemeente's system, or one terugkoppeling to a partner; the same table for both. It begins as
queued, or as awaiting: a parcel of a file that makes no sense as a whole waits for its partner's word.
A claim whose lease ran out may have been on the wire: it becomes `unknown`, never `queued`.
"""

import enum
from typing import Final

from contracts.row_states import RowState


class UploadState(enum.IntEnum):
    """Where an upload is."""

    ANNOUNCED = 1
    RECEIVED = 2
    PROCESSING = 3
    PROCESSED = 4
    REJECTED = 5


class UploadEvent(enum.StrEnum):
    """What can happen to an upload."""

    RECEIVE = "receive"
    START = "start"
    ABANDON = "abandon"
    PUBLISH = "publish"
    REJECT = "reject"


UPLOAD: Final[dict[UploadState, dict[UploadEvent, UploadState]]] = {
    UploadState.ANNOUNCED: {UploadEvent.RECEIVE: UploadState.RECEIVED},
    UploadState.RECEIVED: {UploadEvent.START: UploadState.PROCESSING},
    UploadState.PROCESSING: {
        UploadEvent.ABANDON: UploadState.RECEIVED,
        UploadEvent.PUBLISH: UploadState.PROCESSED,
        UploadEvent.REJECT: UploadState.REJECTED,
    },
    UploadState.PROCESSED: {},
    UploadState.REJECTED: {},
}


class DeliveryState(enum.IntEnum):
    """Where a delivery is."""

    QUEUED = 1
    CLAIMED = 2
    RETRYING = 3
    UNKNOWN = 4
    HELD = 5
    DEAD = 6
    AWAITING = 7
    ACCEPTED = 10
    REFUSED = 11
    STOPPED = 12
    SPLIT = 13
    SUPERSEDED = 14
    DECLINED = 15


class DeliveryEvent(enum.StrEnum):
    """What can happen to a delivery."""

    CLAIM = "claim"
    ACCEPT = "accept"
    REFUSE = "refuse"
    DEFER = "defer"
    LOSE = "lose"
    """The answer was lost, or the worker died while it may have been sending."""
    RETURN = "return"
    """Claimed but certainly not sent: back to the queue."""
    STOP = "stop"
    """The gate denied it inside the claim. Only before anything was sent, or after a definite answer."""
    SPLIT = "split"
    SUPERSEDE = "supersede"
    DIE = "die"
    HOLD = "hold"
    RELEASE = "release"
    REPLAY = "replay"
    CONFIRM = "confirm"
    """The partner says that its file is as it meant it."""
    DECLINE = "decline"
    """The partner takes its file back, or said nothing in time."""


DELIVERY: Final[dict[DeliveryState, dict[DeliveryEvent, DeliveryState]]] = {
    DeliveryState.QUEUED: {
        DeliveryEvent.CLAIM: DeliveryState.CLAIMED,
        DeliveryEvent.STOP: DeliveryState.STOPPED,
        DeliveryEvent.SPLIT: DeliveryState.SPLIT,
        DeliveryEvent.SUPERSEDE: DeliveryState.SUPERSEDED,
        DeliveryEvent.HOLD: DeliveryState.HELD,
    },
    DeliveryState.CLAIMED: {
        DeliveryEvent.ACCEPT: DeliveryState.ACCEPTED,
        DeliveryEvent.REFUSE: DeliveryState.REFUSED,
        DeliveryEvent.DEFER: DeliveryState.RETRYING,
        DeliveryEvent.LOSE: DeliveryState.UNKNOWN,
        DeliveryEvent.RETURN: DeliveryState.QUEUED,
        DeliveryEvent.SPLIT: DeliveryState.SPLIT,
        DeliveryEvent.DIE: DeliveryState.DEAD,
    },
    DeliveryState.RETRYING: {
        DeliveryEvent.CLAIM: DeliveryState.CLAIMED,
        DeliveryEvent.STOP: DeliveryState.STOPPED,
        DeliveryEvent.SPLIT: DeliveryState.SPLIT,
        DeliveryEvent.SUPERSEDE: DeliveryState.SUPERSEDED,
        DeliveryEvent.HOLD: DeliveryState.HELD,
    },
    DeliveryState.UNKNOWN: {
        DeliveryEvent.CLAIM: DeliveryState.CLAIMED,
    },
    DeliveryState.HELD: {
        DeliveryEvent.RELEASE: DeliveryState.RETRYING,
    },
    DeliveryState.DEAD: {
        DeliveryEvent.REPLAY: DeliveryState.RETRYING,
    },
    DeliveryState.AWAITING: {
        DeliveryEvent.CONFIRM: DeliveryState.QUEUED,
        DeliveryEvent.DECLINE: DeliveryState.DECLINED,
    },
    DeliveryState.ACCEPTED: {},
    DeliveryState.REFUSED: {},
    DeliveryState.STOPPED: {},
    DeliveryState.SPLIT: {},
    DeliveryState.SUPERSEDED: {},
    DeliveryState.DECLINED: {},
}

DELIVERY_BEGINS: Final = (DeliveryState.QUEUED, DeliveryState.AWAITING)
CLAIMABLE: Final = frozenset(s for s, row in DELIVERY.items() if DeliveryEvent.CLAIM in row)
DELIVERY_TERMINAL: Final = frozenset(s for s, row in DELIVERY.items() if not row)
UNFINISHED: Final = frozenset(DELIVERY) - DELIVERY_TERMINAL

ROW_STATE_OF_DELIVERY: Final[dict[DeliveryState, RowState]] = {
    DeliveryState.QUEUED: RowState.IN_WACHTRIJ,
    DeliveryState.CLAIMED: RowState.ONDERWEG,
    DeliveryState.RETRYING: RowState.NIEUWE_POGING,
    DeliveryState.UNKNOWN: RowState.ANTWOORD_ONBEKEND,
    DeliveryState.HELD: RowState.AANGEHOUDEN,
    DeliveryState.DEAD: RowState.VASTGELOPEN,
    DeliveryState.AWAITING: RowState.WACHT_OP_BEVESTIGING,
    DeliveryState.ACCEPTED: RowState.AFGELEVERD,
    DeliveryState.REFUSED: RowState.SYSTEEM_GEWEIGERD,
    DeliveryState.STOPPED: RowState.GESTOPT,
    DeliveryState.DECLINED: RowState.NIET_BEVESTIGD,
}
"""SPLIT and SUPERSEDED are absent: their rows are counted at their children."""


class IllegalTransitionError(Exception):
    """The event does not exist in that state: a defect of ours, never of a sender."""


def next_upload_state(state: UploadState, event: UploadEvent) -> UploadState:
    """The state after `event`; raises IllegalTransitionError."""
    try:
        return UPLOAD[state][event]
    except KeyError:
        raise IllegalTransitionError(f"upload: {event} in {state.name}") from None


def next_delivery_state(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """The state after `event`; raises IllegalTransitionError."""
    try:
        return DELIVERY[state][event]
    except KeyError:
        raise IllegalTransitionError(f"delivery: {event} in {state.name}") from None
