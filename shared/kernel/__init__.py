"""Plain values and rules that every domain speaks."""
