"""Sums in, estimates out: comparisons, sequential tests, guardrails, reachability. Pure."""
