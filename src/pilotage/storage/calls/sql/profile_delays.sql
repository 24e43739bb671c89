-- How long did the target's label take, by the arm that calls were assigned to? ages are the upper ends in microseconds.
SELECT s.day, assigned AS arm, count(*) AS calls, count(*) FILTER (NOT json_valid(input) OR input IS NULL) AS unrecorded,
    histogram(CASE WHEN l.at_us IS NOT NULL THEN greatest(l.at_us - c.at_us, 0) END, $ages::BIGINT[]) AS delays
FROM {calls} AS c JOIN spans AS s ON c.at_us >= s.since_us AND c.at_us < s.until_us
    LEFT JOIN labels AS l USING (call_id)
WHERE c.at_us >= $since_us::BIGINT AND c.at_us < $until_us::BIGINT AND list_contains($sources::VARCHAR[], source)
GROUP BY s.day, assigned
ORDER BY s.day, assigned
