"""Where dispatch keeps what it knows: PostgreSQL."""
