"""Faults: what damages the traffic on purpose. One file for each; docs/faults.md lists them."""
