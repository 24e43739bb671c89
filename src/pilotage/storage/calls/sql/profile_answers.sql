-- How often was each answer given with each tenth of confidence, and what was it worth to the target?
WITH {field_values}
SELECT j.day, stage, coalesce(p.release, '') AS release, arm,
    CASE WHEN error <> '' THEN '(failed)' ELSE coalesce(said, '(none)') END AS answer,
    coalesce(least(greatest(floor(confidence * 10), 0), 9), -1)::INT AS tenth,
    count(*) AS calls, count(j.y) AS known, coalesce(sum(j.y), 0.0) AS y, coalesce(sum(j.y * j.y), 0.0) AS yy
FROM judged AS j JOIN per_call AS p USING (call_id)
GROUP BY ALL
ORDER BY ALL
