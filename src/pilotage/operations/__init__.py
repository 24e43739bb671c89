"""Jobs that act on a workspace: they watch over it, take in what was spooled, and keep leases in its folder."""
