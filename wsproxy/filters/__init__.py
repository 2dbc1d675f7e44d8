"""The filter language, and what it is asked about."""
