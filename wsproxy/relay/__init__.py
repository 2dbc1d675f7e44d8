"""The way of a frame: from one socket to the other, with a note of what passed."""
