-- How many calls of each minute failed, fell back, or were slow?
SELECT at_us // 60000000 AS minute, count(*) AS calls,
    count(*) FILTER (served_error <> '') AS failed,
    count(*) FILTER (assigned = 'candidate') AS assigned_calls,
    count(*) FILTER (assigned = 'candidate' AND fallback <> '') AS fell_back,
    count(*) FILTER (served_latency_us > 0) AS timed,
    count(*) FILTER (served_latency_us > $limit_us::BIGINT) AS slow
FROM {calls} AS c
WHERE at_us >= $since_us::BIGINT AND at_us < $until_us::BIGINT AND list_contains($sources::VARCHAR[], source)
GROUP BY minute
ORDER BY minute
