"""Invented feeds, as many rows as wanted: for the first run, the tests and the benchmark.

Deterministic: the same arguments give the same bytes. No name, code or number in them is anybody's.
"""
