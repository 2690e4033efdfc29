"""`linli plan`: the dispatch engine for outsiders, in and out as VROOM names it."""
