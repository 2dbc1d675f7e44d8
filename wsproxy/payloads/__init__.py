"""What payloads say: one file for each subject."""
