"""The ledger, the small stores beside it, people and accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.String(27)


def upgrade() -> None:
    """Make every table, and the triggers that keep the ledger append-only."""
    _make_ledger()
    _make_small_stores()
    _make_people()
    _make_credentials()
    triggers = SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_TRIGGERS
    for statement in triggers:
        op.execute(statement)


def _make_ledger() -> None:
    op.create_table(
        "entries",
        sa.Column("position", COUNT, autoincrement=False, nullable=False),
        sa.Column("workload", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("leaf", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_entries"),
        sa.UniqueConstraint("workload", "sequence", name="uq_entries_workload"),
    )
    first = sa.text("sequence = 1")
    op.create_index("ix_entries_first", "entries", ["position"], sqlite_where=first, postgresql_where=first)
    op.create_table(
        "entry_texts",
        sa.Column("position", COUNT, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary(32)),
        sa.Column("text", sa.LargeBinary),
        sa.PrimaryKeyConstraint("position", "field", name="pk_entry_texts"),
        sa.CheckConstraint("(salt IS NULL) = (text IS NULL)", name="ck_entry_texts_erased_whole"),
        sa.ForeignKeyConstraint(["position"], ["entries.position"], name="fk_entry_texts_position"),
    )


def _make_small_stores() -> None:
    op.create_table(
        "lease_serials",
        sa.Column("workload", sa.Text, nullable=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("workload", name="pk_lease_serials"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created", "idempotency_keys", ["created"])
    op.create_table(
        "settings",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
    )


def _make_people() -> None:
    op.create_table(
        "persons",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_persons"),
    )
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("password_set_by", sa.Text),
        sa.Column("password_set_at", TIME),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
        sa.UniqueConstraint("username", name="uq_accounts_username"),
        sa.ForeignKeyConstraint(["person"], ["persons.person"], name="fk_accounts_person"),
    )
    op.create_index("ix_accounts_person", "accounts", ["person"])
    op.create_table(
        "workload_roles",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("workload", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("person", "workload", name="pk_workload_roles"),
        sa.ForeignKeyConstraint(["person"], ["persons.person"], name="fk_workload_roles_person"),
    )


def _make_credentials() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("last_used", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("credential_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_sessions_account"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_table(
        "api_tokens",
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("workload", sa.Text),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME),
        sa.Column("last_used", TIME),
        sa.Column("revoked", TIME),
        sa.PrimaryKeyConstraint("token", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
        sa.ForeignKeyConstraint(["person"], ["persons.person"], name="fk_api_tokens_person"),
    )
    op.create_index("ix_api_tokens_person", "api_tokens", ["person"])
    op.create_table(
        "sign_in_links",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("used", TIME),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in_links"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_sign_in_links_account"),
    )
    op.create_index("ix_sign_in_links_account", "sign_in_links", ["account"])
    op.create_table(
        "sign_in_failures",
        sa.Column("subject", sa.LargeBinary(32), nullable=False),
        sa.Column("failures", COUNT, nullable=False),
        sa.Column("last", TIME, nullable=False),
        sa.Column("locked_until", TIME),
        sa.PrimaryKeyConstraint("subject", name="pk_sign_in_failures"),
    )
    op.create_index("ix_sign_in_failures_last", "sign_in_failures", ["last"])


# SQLite fires no delete trigger for the rows that INSERT OR REPLACE removes; the insert triggers stop it before.
SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER entries_refuse_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: an entry cannot be changed'); END
    """,
    """
    CREATE TRIGGER entries_refuse_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: an entry cannot be deleted'); END
    """,
    """
    CREATE TRIGGER entries_insert_next BEFORE INSERT ON entries
    WHEN NEW.position IS NOT coalesce((SELECT max(position) FROM entries), 0) + 1
      OR NEW.sequence IS NOT coalesce((SELECT max(sequence) FROM entries WHERE workload = NEW.workload), 0) + 1
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: an entry goes to the end'); END
    """,
    """
    CREATE TRIGGER entry_texts_only_erase BEFORE UPDATE ON entry_texts
    WHEN NEW.position IS NOT OLD.position OR NEW.field IS NOT OLD.field
      OR NEW.salt IS NOT NULL OR NEW.text IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a text can only be erased'); END
    """,
    """
    CREATE TRIGGER entry_texts_refuse_delete BEFORE DELETE ON entry_texts
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a text is erased, and its row stays'); END
    """,
    """
    CREATE TRIGGER entry_texts_insert_once BEFORE INSERT ON entry_texts
    WHEN EXISTS (SELECT 1 FROM entry_texts WHERE position = NEW.position AND field = NEW.field)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a text cannot be replaced'); END
    """,
    """
    CREATE TRIGGER lease_serials_only_rise BEFORE UPDATE ON lease_serials
    WHEN NEW.workload IS NOT OLD.workload OR NEW.serial <= OLD.serial
    BEGIN SELECT RAISE(ABORT, 'a lease serial only rises'); END
    """,
    """
    CREATE TRIGGER lease_serials_refuse_delete BEFORE DELETE ON lease_serials
    BEGIN SELECT RAISE(ABORT, 'a lease serial only rises'); END
    """,
    """
    CREATE TRIGGER lease_serials_insert_once BEFORE INSERT ON lease_serials
    WHEN EXISTS (SELECT 1 FROM lease_serials WHERE workload = NEW.workload)
    BEGIN SELECT RAISE(ABORT, 'a lease serial only rises'); END
    """,
)

POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION pilotage_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER entries_refuse_change BEFORE UPDATE OR DELETE ON entries FOR EACH ROW
    EXECUTE FUNCTION pilotage_refuse('the ledger is append-only: an entry cannot be changed or deleted')
    """,
    """
    CREATE TRIGGER entries_refuse_truncate BEFORE TRUNCATE ON entries FOR EACH STATEMENT
    EXECUTE FUNCTION pilotage_refuse('the ledger is append-only: it cannot be emptied')
    """,
    """
    CREATE FUNCTION pilotage_insert_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.position <> coalesce((SELECT max(position) FROM entries), 0) + 1
        OR NEW.sequence <> coalesce((SELECT max(sequence) FROM entries WHERE workload = NEW.workload), 0) + 1
      THEN
        RAISE EXCEPTION 'the ledger is append-only: an entry goes to the end'
        USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER entries_insert_next BEFORE INSERT ON entries FOR EACH ROW
    EXECUTE FUNCTION pilotage_insert_next()
    """,
    """
    CREATE TRIGGER entry_texts_only_erase BEFORE UPDATE ON entry_texts FOR EACH ROW
    WHEN (NEW.position <> OLD.position OR NEW.field <> OLD.field OR NEW.salt IS NOT NULL OR NEW.text IS NOT NULL)
    EXECUTE FUNCTION pilotage_refuse('the ledger is append-only: a text can only be erased')
    """,
    """
    CREATE TRIGGER entry_texts_refuse_delete BEFORE DELETE ON entry_texts FOR EACH ROW
    EXECUTE FUNCTION pilotage_refuse('the ledger is append-only: a text is erased, and its row stays')
    """,
    """
    CREATE TRIGGER entry_texts_refuse_truncate BEFORE TRUNCATE ON entry_texts FOR EACH STATEMENT
    EXECUTE FUNCTION pilotage_refuse('the ledger is append-only: texts cannot be emptied')
    """,
    """
    CREATE TRIGGER lease_serials_only_rise BEFORE UPDATE ON lease_serials FOR EACH ROW
    WHEN (NEW.workload <> OLD.workload OR NEW.serial <= OLD.serial)
    EXECUTE FUNCTION pilotage_refuse('a lease serial only rises')
    """,
    """
    CREATE TRIGGER lease_serials_refuse_delete BEFORE DELETE ON lease_serials FOR EACH ROW
    EXECUTE FUNCTION pilotage_refuse('a lease serial only rises')
    """,
    """
    CREATE TRIGGER lease_serials_refuse_truncate BEFORE TRUNCATE ON lease_serials FOR EACH STATEMENT
    EXECUTE FUNCTION pilotage_refuse('a lease serial only rises')
    """,
)
