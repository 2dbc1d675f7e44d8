"""Captures of any form: opened for reading, and made of what is imported."""
