-- About how many units have calls, by stage?
SELECT approx_count_distinct(concat_ws('/', stage, unit, CASE WHEN unit = '' THEN call_id END))
FROM {calls} AS c
WHERE number > $after
