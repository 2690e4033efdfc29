"""The ports of every service, in memory: they keep the promises of the real ones and no more."""
