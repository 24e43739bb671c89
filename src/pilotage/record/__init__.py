"""What people and the system decided: commands become facts, and facts fold to a workload. Pure."""
