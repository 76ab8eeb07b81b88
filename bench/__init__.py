"""Benchmarks: figures to compare, not tests to pass."""
