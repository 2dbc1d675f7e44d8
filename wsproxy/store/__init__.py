"""The capture: an SQLite file that one writer fills and that any number of readers open."""
