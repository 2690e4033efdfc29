"""All services on in-memory ports under one seeded scheduler: `python -m tests.simulation --help`."""
