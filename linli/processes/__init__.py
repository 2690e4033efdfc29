"""The main of every kind of process. Each is configured by its environment alone."""
