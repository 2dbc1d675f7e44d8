"""The log of frames on standard output."""
