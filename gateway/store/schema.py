"""All tables; those beside an upload are made in `schema_uploads`.

bigint inside, text ids outside; moments are UTC microseconds; JSON documents are text.
No column but a sealed one holds personal data.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from gateway.store.schema_base import BigKey, Moment, partial_index
from gateway.store.schema_base import metadata as metadata
from gateway.store.schema_base import moment_to_us as moment_to_us
from gateway.store.schema_uploads import confirmation as confirmation
from gateway.store.schema_uploads import hash_run as hash_run
from gateway.store.schema_uploads import refused_content as refused_content
from gateway.store.schema_uploads import repair as repair
from gateway.store.schema_uploads import upload_statistic as upload_statistic

generation = Table(
    "generation",
    metadata,
    Column("id", sa.SmallInteger, primary_key=True),
    Column("config", sa.BigInteger, nullable=False),
    comment="one row; processes reload their directory when `config` moves",
)

config_object = Table(
    "config_object",
    metadata,
    Column("kind", sa.Text, primary_key=True),
    Column("key", sa.Text, primary_key=True),
    Column("document", sa.Text, nullable=False),
    Column("digest", sa.Text, nullable=False),
    Column("owner", sa.Text, nullable=False),
    Column("generation", sa.BigInteger, nullable=False),
    comment="gemeente, systeem, signaalpartner, toegang, experiment, profiel: documents of contracts",
)

overeenkomst_version = Table(
    "overeenkomst_version",
    metadata,
    Column("key", sa.Text, primary_key=True),
    Column("version", sa.Integer, primary_key=True),
    Column("signaalpartner", sa.Text, nullable=False),
    Column("document", sa.Text, nullable=False),
    Column("digest", sa.Text, nullable=False),
    Column("owner", sa.Text, nullable=False),
    Column("is_current", sa.Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    comment="immutable versions; a delivery records the one that allowed it",
)
Index(
    "ix_overeenkomst_current",
    overeenkomst_version.c.signaalpartner,
    overeenkomst_version.c.is_current,
)

overeenkomst_agent = Table(
    "overeenkomst_agent",
    metadata,
    Column("agent", sa.Text, primary_key=True),
    Column("key", sa.Text, primary_key=True),
    comment="agents with a mandate in the current version of an overeenkomst",
)

credential = Table(
    "credential",
    metadata,
    Column("id", sa.Text, primary_key=True),
    Column("audience", sa.Text, nullable=False),
    Column("subject", sa.Text, nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("token_sha256", sa.Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    comment="bearer tokens of a signaalpartner or a toegang; 256 random bits, so a plain hash suffices",
)

upload_state = Table(
    "upload_state",
    metadata,
    Column("number", sa.SmallInteger, primary_key=True),
    Column("name", sa.Text, nullable=False, unique=True),
)

upload = Table(
    "upload",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("id", sa.Text, nullable=False, unique=True),
    Column("partner", sa.Text, nullable=False),
    Column("channel", sa.Text, nullable=False),
    Column("state", sa.SmallInteger, sa.ForeignKey("upload_state.number"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("received_at", Moment),
    Column("settled_at", Moment),
    Column("declared_size", sa.BigInteger),
    Column("declared_type", sa.Text),
    Column("size", sa.BigInteger),
    Column("sha256", sa.Text),
    Column("name_sha256", sa.Text),
    Column("name_sealed", sa.LargeBinary),
    Column("idempotency_key", sa.Text),
    Column("profiel", sa.Text),
    Column("blob", sa.Text),
    Column("receipt", sa.Text),
    Column("claim_id", sa.Text),
    Column("lease_until_ms", sa.BigInteger),
    Column("attempts", sa.Integer, nullable=False, default=0),
    Column("attempt_no", sa.BigInteger),
    Column("rows", sa.BigInteger),
    Column("summary", sa.Text),
    Column("findings_blob", sa.Text),
    Column("findings_key", sa.LargeBinary),
    Column("findings_key_name", sa.Text),
    sa.UniqueConstraint("partner", "idempotency_key", name="uq_upload_idempotency"),
    comment="summary: JSON of intake counts by row state, findings by code, per gemeente, read-as",
)
Index("ix_upload_partner", upload.c.partner, upload.c.received_at)
Index("ix_upload_state", upload.c.state, upload.c.received_at)
Index("ix_upload_same", upload.c.partner, upload.c.sha256)

processing_attempt = Table(
    "processing_attempt",
    metadata,
    Column("no", BigKey, primary_key=True, autoincrement=True),
    Column("upload_no", sa.BigInteger, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("blob", sa.Text, nullable=False),
    comment="rows under an attempt are invisible until upload.attempt_no names it",
)

signaal_row = Table(
    "signaal_row",
    metadata,
    Column("attempt_no", sa.BigInteger, primary_key=True),
    Column("row_no", sa.Integer, primary_key=True),
    Column("state", sa.SmallInteger, nullable=False),
    Column("parcel_no", sa.Integer),
    Column("position", sa.Integer),
    sqlite_with_rowid=False,
    comment="state at intake (RowState); rows in a parcel take the state of their leaf delivery",
)

delivery_state = Table(
    "delivery_state",
    metadata,
    Column("number", sa.SmallInteger, primary_key=True),
    Column("name", sa.Text, nullable=False, unique=True),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("idempotency_key", sa.Text, nullable=False, unique=True),
    Column("kind", sa.Text, nullable=False),
    Column("destination", sa.Text, nullable=False),
    Column("state", sa.SmallInteger, sa.ForeignKey("delivery_state.number"), nullable=False),
    Column("threatening", sa.Boolean, nullable=False, default=False),
    Column("turn", sa.BigInteger, nullable=False, default=0),
    Column("ordering_key", sa.Text),
    Column("partner", sa.Text, nullable=False),
    Column("upload_no", sa.BigInteger),
    Column("attempt_no", sa.BigInteger),
    Column("parcel_no", sa.Integer),
    Column("root_id", sa.BigInteger),
    Column("parent_id", sa.BigInteger),
    Column("position_from", sa.Integer, nullable=False, default=0),
    Column("position_to", sa.Integer, nullable=False, default=0),
    Column("row_count", sa.Integer, nullable=False, default=0),
    Column("refused_count", sa.Integer, nullable=False, default=0),
    Column("overeenkomst", sa.Text),
    Column("overeenkomst_version", sa.Integer),
    Column("gemeentecode", sa.Text),
    Column("soort", sa.Text),
    Column("signaaltype", sa.Text),
    Column("opdrachtgever", sa.Text),
    Column("relay_id", sa.BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("claim_id", sa.Text),
    Column("worker", sa.Text),
    Column("lease_until_ms", sa.BigInteger),
    Column("attempts", sa.Integer, nullable=False, default=0),
    Column("first_sent_at", Moment),
    Column("unknown_since", Moment),
    Column("settled_at", Moment),
    Column("last_outcome", sa.Text),
    Column("last_reason", sa.Text),
    Column("receipt", sa.Text),
    comment="the queue: kind is signalen or terugkoppeling; opdrachtgever is a KvK number of a principal",
)
CLAIMABLE_SQL: Final = "state IN (1, 3, 4)"
"""lifecycle.CLAIMABLE, literal: the planner uses a partial index only where a query repeats its words."""
CLAIMED_SQL: Final = "state = 2"
STUCK_SQL: Final = "state IN (5, 6)"


# Finished deliveries, nearly all of them, are in none of the first four.
partial_index(
    "ix_delivery_claim",
    CLAIMABLE_SQL,
    delivery.c.destination,
    delivery.c.threatening.desc(),
    delivery.c.turn,
    delivery.c.id,
)
partial_index("ix_delivery_partner", CLAIMABLE_SQL, delivery.c.destination, delivery.c.partner, delivery.c.turn)
partial_index("ix_delivery_claimed", CLAIMED_SQL, delivery.c.destination, delivery.c.lease_until_ms)
partial_index("ix_delivery_stuck", STUCK_SQL, delivery.c.id)
partial_index("ix_delivery_ordering", "ordering_key IS NOT NULL", delivery.c.ordering_key, delivery.c.id)
Index("ix_delivery_upload", delivery.c.upload_no)
Index("ix_delivery_root", delivery.c.root_id)
Index("ix_delivery_parcel", delivery.c.attempt_no, delivery.c.parcel_no)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("delivery_id", sa.BigInteger, primary_key=True),
    Column("n", sa.Integer, primary_key=True),
    Column("worker", sa.Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("outcome", sa.Text),
    Column("reason", sa.Text),
)

parcel_content = Table(
    "parcel_content",
    metadata,
    Column("delivery_id", sa.BigInteger, primary_key=True),
    Column("schema_version", sa.SmallInteger, nullable=False),
    Column("blob", sa.Text, nullable=False),
    Column("rows_segments", sa.LargeBinary),
    Column("rows_key", sa.LargeBinary),
    Column("rows_key_name", sa.Text),
    Column("link_segments", sa.LargeBinary),
    Column("link_key", sa.LargeBinary),
    Column("link_key_name", sa.Text),
    Column("rows_expire_at", Moment),
    Column("link_expire_at", Moment),
    comment="sealed content of a root parcel; *_key is the wrapped data key, NULL once erased; no moment: not settled",
)
# Erased parcels, in time nearly all of them, are in none of these.
partial_index("ix_parcel_rows", "rows_key IS NOT NULL", parcel_content.c.rows_expire_at)
partial_index("ix_parcel_link", "link_key IS NOT NULL", parcel_content.c.link_expire_at)
partial_index("ix_parcel_blob", "rows_key IS NOT NULL OR link_key IS NOT NULL", parcel_content.c.blob)

row_refusal = Table(
    "row_refusal",
    metadata,
    Column("root_id", sa.BigInteger, primary_key=True),
    Column("position", sa.Integer, primary_key=True),
    Column("delivery_id", sa.BigInteger, nullable=False),
    Column("code", sa.Text, nullable=False),
    comment="rows that a system definitively refused, by the receiver's code",
)

destination = Table(
    "destination",
    metadata,
    Column("key", sa.Text, primary_key=True),
    Column("paused", sa.Boolean, nullable=False, default=False),
    Column("failures", sa.Integer, nullable=False, default=0),
    Column("open_until", Moment),
    Column("poll_cursor", sa.Text),
    Column("polled_at", Moment),
    Column("last_success_at", Moment),
    Column("unreachable_since", Moment),
    comment="breaker, pause and poll cursor per receiving system or webhook",
)

resultaat = Table(
    "resultaat",
    metadata,
    Column("toegang", sa.Text, primary_key=True),
    Column("resultaat_id", sa.Text, primary_key=True),
    Column("upload_no", sa.BigInteger, nullable=False),
    Column("row_no", sa.Integer, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("value", sa.Text, nullable=False),
    Column("codelijst_versie", sa.Text, nullable=False),
    Column("happened_on", sa.Text),
    Column("relayed", sa.Boolean, nullable=False),
    comment="what a gemeente's system reported; never visible to a partner",
)
Index("ix_resultaat_signaal", resultaat.c.upload_no, resultaat.c.row_no)

partner_cursor = Table(
    "partner_cursor",
    metadata,
    Column("partner", sa.Text, primary_key=True),
    Column("last", sa.BigInteger, nullable=False),
)

relay = Table(
    "relay",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("event_id", sa.Text, nullable=False, unique=True),
    Column("partner", sa.Text, nullable=False),
    Column("cursor", sa.BigInteger, nullable=False),
    Column("upload_no", sa.BigInteger, nullable=False),
    Column("row_no", sa.Integer, nullable=False),
    Column("nth", sa.Integer, nullable=False),
    Column("soort", sa.Text, nullable=False),
    Column("reden", sa.Text),
    Column("visible_at", Moment, nullable=False),
    Column("pause_until", sa.Text),
    sa.UniqueConstraint("partner", "cursor", name="uq_relay_cursor"),
    sa.UniqueConstraint("upload_no", "row_no", "nth", name="uq_relay_nth"),
    comment="events a partner can see; reference and invoices come from the sealed link when it is sent",
)

reference_version = Table(
    "reference_version",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("kind", sa.Text, nullable=False),
    Column("valid_from", sa.Text, nullable=False),
    Column("source", sa.Text, nullable=False),
    Column("loaded_at", Moment, nullable=False),
    Column("sha256", sa.Text, nullable=False),
    Column("lines", sa.BigInteger, nullable=False),
    Column("entries", sa.BigInteger, nullable=False),
    Column("content", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("kind", "valid_from", name="uq_reference_period"),
    sqlite_autoincrement=True,
    comment="postcodes, gemeenten, opvolgers: whole versions, each from a day on; an id is never used again",
)

blob_chunk = Table(
    "blob_chunk",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("n", sa.Integer, primary_key=True),
    Column("bytes", sa.LargeBinary, nullable=False),
    Column("written_ms", sa.BigInteger, nullable=False),
    comment="blobs on PostgreSQL: already sealed bytes, 1 MiB a row; written_ms is the clock of the database",
)
