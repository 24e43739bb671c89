-- Which calls lie in a span of time?
SELECT call_id FROM {calls} AS c
WHERE at_us >= $since_us::BIGINT AND at_us < $until_us::BIGINT AND list_contains($sources::VARCHAR[], source)
ORDER BY call_id
