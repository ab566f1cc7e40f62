"""Tests of erasing people."""
