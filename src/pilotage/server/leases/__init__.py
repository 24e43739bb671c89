"""Leases on their way to the runtimes, and the runtimes that asked for them."""
