"""Benchmarks, side by side with what they are compared to; `scripts/bench` runs them."""
