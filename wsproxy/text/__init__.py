"""Units and words as people write them."""
