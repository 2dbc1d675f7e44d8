"""Formats of single values: one file each."""
