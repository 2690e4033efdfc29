"""Mechanism that every service needs: values, persistence, messaging, observability, testing."""
