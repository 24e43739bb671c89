-- Which calls came after a number? Whole rows, but of inputs only whether there is one, and no details.
SELECT * REPLACE (
    CASE WHEN input IS NOT NULL THEN '' END AS input,
    NULL::VARCHAR AS served_detail,
    NULL::VARCHAR AS beside_detail
)
FROM {calls} AS c
WHERE number > $after
ORDER BY number
