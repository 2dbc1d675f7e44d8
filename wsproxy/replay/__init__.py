"""Captures that play again, on either side, and are compared."""
