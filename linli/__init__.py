"""The tool around the platform: run it, feed it, replay days on it, look after it."""
