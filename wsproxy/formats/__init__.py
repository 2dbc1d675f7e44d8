"""Captures in other forms: out and in. One file a form."""
