"""The platform's events for people: read, kept in files, counted and drawn."""
