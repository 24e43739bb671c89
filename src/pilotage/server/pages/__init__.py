"""The pages that people read: server-rendered, complete without scripts, one module per page."""
