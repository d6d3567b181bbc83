"""Tables of what is kept beside an upload: refused rows, repairs, hashes, the partner's word, what is usual."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from gateway.store.schema_base import Moment, metadata, partial_index

refused_content = Table(
    "refused_content",
    metadata,
    Column("upload_no", sa.BigInteger, primary_key=True),
    Column("kind", sa.Text, primary_key=True),
    Column("rows", sa.BigInteger, nullable=False),
    Column("blob", sa.Text, nullable=False),
    Column("key", sa.LargeBinary, nullable=False),
    Column("key_name", sa.Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    comment="sealed columns of refused rows: herstel (as sent) or aanbieding (salted hashes); gone when they expire",
)
Index("ix_refused_content_expiry", refused_content.c.expires_at)

repair = Table(
    "repair",
    metadata,
    Column("upload_no", sa.BigInteger, primary_key=True),
    Column("of_no", sa.BigInteger, nullable=False),
    comment="an upload that repairs refused rows of an earlier one of the same partner",
)
Index("ix_repair_of", repair.c.of_no)

hash_run = Table(
    "hash_run",
    metadata,
    Column("attempt_no", sa.BigInteger, primary_key=True),
    Column("period", sa.Text, primary_key=True),
    Column("partner", sa.Text, nullable=False),
    Column("upload_no", sa.BigInteger, nullable=False),
    Column("rows", sa.BigInteger, nullable=False),
    Column("blob", sa.Text, nullable=False),
    Column("key", sa.LargeBinary, nullable=False),
    Column("key_name", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    comment="sealed columnar runs of keyed row hashes, per partner and half year",
)
Index("ix_hash_run_partner", hash_run.c.partner, hash_run.c.created_at)

confirmation = Table(
    "confirmation",
    metadata,
    Column("upload_no", sa.BigInteger, primary_key=True, autoincrement=False),
    Column("reasons", sa.Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("told_at", Moment),
    Column("decision", sa.Text),
    Column("decided_at", Moment),
    Column("decided_by", sa.Text),
    comment="uploads of which parcels wait, or waited, for the partner's word; reasons: codes of rules, by comma",
)
partial_index("ix_confirmation_open", "decision IS NULL", confirmation.c.until)
Index("ix_confirmation_decided", confirmation.c.decided_at)

upload_statistic = Table(
    "upload_statistic",
    metadata,
    Column("upload_no", sa.BigInteger, primary_key=True),
    Column("soort", sa.Text, primary_key=True),
    Column("partner", sa.Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("rows", sa.BigInteger, nullable=False),
    Column("median_cents", sa.BigInteger),
    comment="what is usual for a partner: rows per kind ('' unknown) and, of enough of them, the median amount",
)
Index("ix_upload_statistic_partner", upload_statistic.c.partner, upload_statistic.c.received_at)
