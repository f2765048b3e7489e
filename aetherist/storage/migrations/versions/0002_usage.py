"""Usage by the hour, and the secrets that signed names are made with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "usage",
        sa.Column("hour", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("operation", sa.String, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("pictures", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hour", "model", "key_id", "operation", name="pk_usage"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("secrets")
    op.drop_table("usage")
