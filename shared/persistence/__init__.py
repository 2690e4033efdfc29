"""A database per service: its connection, its transactions, its migrations."""

from shared.persistence.database import Database, Transaction

__all__ = ["Database", "Transaction"]
