"""A long run with random peers: every frame has its row, and nothing grows."""
