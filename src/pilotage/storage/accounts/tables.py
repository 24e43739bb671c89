"""The tables of people, their accounts and their credentials. Secrets are kept as hashes only."""

from __future__ import annotations

import sqlalchemy as sa

from pilotage.storage.schema import METADATA, Count, Instant

PERSONS = sa.Table(
    "persons",
    METADATA,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

# An account without a password hash signs in by link, until its password is set.
ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    sa.Column("person", sa.Text, sa.ForeignKey("persons.person"), nullable=False, index=True),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("password_set_by", sa.Text),
    sa.Column("password_set_at", Instant),
)

# Since when an account is disabled; those that were before this was kept have no row.
ACCOUNT_ENDS = sa.Table(
    "account_ends",
    METADATA,
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.account"), primary_key=True),
    sa.Column("ended_at", Instant, nullable=False),
)

WORKLOAD_ROLES = sa.Table(
    "workload_roles",
    METADATA,
    sa.Column("person", sa.Text, sa.ForeignKey("persons.person"), primary_key=True),
    sa.Column("workload", sa.Text, primary_key=True),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("granted_at", Instant, nullable=False),
)

SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.account"), nullable=False, index=True),
    sa.Column("created", Instant, nullable=False),
    sa.Column("last_used", Instant, nullable=False),
    sa.Column("expires", Instant, nullable=False),
    sa.Column("credential_at", Instant, nullable=False),
)

API_TOKENS = sa.Table(
    "api_tokens",
    METADATA,
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("workload", sa.Text),
    sa.Column("person", sa.Text, sa.ForeignKey("persons.person"), nullable=False, index=True),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created", Instant, nullable=False),
    sa.Column("expires", Instant),
    sa.Column("last_used", Instant),
    sa.Column("revoked", Instant),
)

SIGN_IN_LINKS = sa.Table(
    "sign_in_links",
    METADATA,
    sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.account"), nullable=False, index=True),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created", Instant, nullable=False),
    sa.Column("expires", Instant, nullable=False),
    sa.Column("used", Instant),
)

# `subject` is a digest, since people type passwords into the field for names.
SIGN_IN_FAILURES = sa.Table(
    "sign_in_failures",
    METADATA,
    sa.Column("subject", sa.LargeBinary(32), primary_key=True),
    sa.Column("failures", Count, nullable=False),
    sa.Column("last", Instant, nullable=False, index=True),
    sa.Column("locked_until", Instant),
)
