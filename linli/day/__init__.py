"""A real day of a neighbourhood: read from a folder, imported, and played through the public HTTP API."""
