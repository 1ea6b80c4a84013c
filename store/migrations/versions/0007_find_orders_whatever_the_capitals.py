"""Find orders whatever the capitals

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_number_lower", "orders", [sa.text("lower(number)")])


def downgrade() -> None:
    op.drop_index("ix_orders_number_lower", table_name="orders")
