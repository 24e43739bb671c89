-- In which quarter hours (every time zone's days begin with one) do the calls lie of a span of numbers, or of these
-- numbers, and with which candidate?
SELECT at_us // 900000000 AS quarter,
    CASE WHEN served_arm = 'candidate' THEN served_release WHEN beside_arm = 'candidate' THEN beside_release ELSE '' END
        AS release,
    count(*) AS calls
FROM {calls} AS c
WHERE ((number > $after::BIGINT AND number <= $upto::BIGINT) OR number IN (SELECT unnest($numbers::BIGINT[])))
    AND list_contains($sources::VARCHAR[], source)
GROUP BY ALL
ORDER BY ALL
