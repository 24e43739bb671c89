"""The tables of the ledger and of the small stores beside it. Their triggers are in the migrations."""

from __future__ import annotations

import sqlalchemy as sa

from pilotage.storage.schema import METADATA, Count, Instant

# `at` and `payload` are kept as the texts that were hashed, so that verifying needs nothing but this row.
ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("position", Count, primary_key=True, autoincrement=False),
    sa.Column("workload", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("leaf", sa.LargeBinary(32), nullable=False),
    sa.UniqueConstraint("workload", "sequence"),
    sa.Index(
        "ix_entries_first", "position", sqlite_where=sa.text("sequence = 1"), postgresql_where=sa.text("sequence = 1")
    ),
)

# Salt and text are both there, or both erased.
ENTRY_TEXTS = sa.Table(
    "entry_texts",
    METADATA,
    sa.Column("position", Count, sa.ForeignKey("entries.position"), primary_key=True),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("salt", sa.LargeBinary(32)),
    sa.Column("text", sa.LargeBinary),
    sa.CheckConstraint("(salt IS NULL) = (text IS NULL)", name="erased_whole"),
)

LEASE_SERIALS = sa.Table(
    "lease_serials",
    METADATA,
    sa.Column("workload", sa.Text, primary_key=True),
    sa.Column("serial", sa.BigInteger, nullable=False),
    sa.Column("content_digest", sa.Text, nullable=False),
)

# `status` and `body` are empty while the first request is still at work.
IDEMPOTENCY_KEYS = sa.Table(
    "idempotency_keys",
    METADATA,
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_digest", sa.Text, nullable=False),
    sa.Column("created", Instant, nullable=False, index=True),
    sa.Column("status", sa.Integer),
    sa.Column("body", sa.LargeBinary),
)

SETTINGS = sa.Table(
    "settings",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
