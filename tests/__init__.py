"""Tests, by service first and by price second."""
