"""The catalogue of published events: what is promised, to people and to machines, and that it is kept."""
