-- Since when does each unit have calls that count, by stage? A call without a unit is alone.
SELECT stage, unit, CASE WHEN unit = '' THEN call_id ELSE '' END AS alone, min(at_us) AS first_us
FROM {calls} AS c
WHERE number > $after AND source IN (SELECT unnest($sources::VARCHAR[]))
GROUP BY ALL
