"""The platform broken on purpose, one way at a time: the proof counts only because it notices each."""
