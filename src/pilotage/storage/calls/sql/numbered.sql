-- Which calls have these numbers? Whole rows.
SELECT * FROM {calls} AS c
WHERE number IN (SELECT unnest($numbers::BIGINT[]))
ORDER BY number
