-- Which calls belong to these units, in a span of time (the end exclusive)?
SELECT number, call_id, at_us FROM {calls} AS c
WHERE unit IN (SELECT unnest($units::VARCHAR[])) AND at_us >= $since_us AND at_us < $until_us
ORDER BY number
