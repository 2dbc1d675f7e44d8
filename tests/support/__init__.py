"""What several test files need: peers, recorded traffic, fakes."""
