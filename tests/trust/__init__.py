"""The proof of trust: load, faults and an oracle on the running platform; `python -m tests.trust --help`."""
