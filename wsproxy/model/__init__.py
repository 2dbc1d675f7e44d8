"""What is captured and what is in flight: plain values."""
