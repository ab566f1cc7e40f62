"""What is true about campaigns: pure, no I/O, no clock, no randomness."""
