"""Objects and records behind one counter, on SQLite."""
