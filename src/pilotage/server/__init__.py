"""The HTTP server: sign-in, the interface under /api/v1, ingestion, and the streams of leases."""
