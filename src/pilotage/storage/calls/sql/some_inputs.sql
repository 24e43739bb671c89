-- Some inputs of a span of time, always the same: which fields are there to watch?
SELECT input FROM {calls} AS c
WHERE at_us >= $since_us::BIGINT AND at_us < $until_us::BIGINT AND list_contains($sources::VARCHAR[], source)
    AND json_valid(input)
ORDER BY hash(call_id), call_id
LIMIT 2000
