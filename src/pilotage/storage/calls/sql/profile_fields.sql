-- How many calls fell into each frozen bin of each field? bins holds the bins of every scope.
WITH {field_values},
placed AS (
    SELECT t.day, t.stage, t.release, t.name, t.kind, t.y, t.x,
        CASE WHEN b.is_number AND t.x IS NOT NULL THEN
            10002 * ((t.x > b.c1)::INT + (t.x > b.c2)::INT + (t.x > b.c3)::INT + (t.x > b.c4)::INT + (t.x > b.c5)::INT
                + (t.x > b.c6)::INT + (t.x > b.c7)::INT + (t.x > b.c8)::INT + (t.x > b.c9)::INT)
            + CASE WHEN t.x < b.low THEN 0 WHEN t.x > b.high THEN 10001
                ELSE least(floor((t.x - b.low) / (b.high - b.low) * 10000), 9999)::INT + 1 END
        END AS cell,
        CASE WHEN NOT b.is_number AND b.names THEN t.word END AS word
    FROM typed AS t JOIN bins AS b
        ON b.name = t.name AND b.scope = CASE WHEN t.name LIKE 'candidate.%' THEN t.release ELSE '' END
)
SELECT day, stage, release, name, kind, cell, word, count(*) AS calls,
    coalesce(sum(x), 0.0) AS total, coalesce(sum(x * x), 0.0) AS squares,
    count(y) AS known, coalesce(sum(y), 0.0) AS y, coalesce(sum(y * y), 0.0) AS yy
FROM placed
GROUP BY ALL
ORDER BY ALL
