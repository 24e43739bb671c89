-- The moments over units of calls (n) and of calls on which the arms agree (y), and the sum over units of the squared
-- sum of `moves`: what each pair of answers moves kappa by (pairs: the pairs).
WITH per_unit AS (
    SELECT
        count(*)::DOUBLE AS n,
        count(*) FILTER (p.incumbent = p.candidate)::DOUBLE AS y,
        sum(coalesce(m.move, 0.0)) AS moved
    FROM pairs AS p
    LEFT JOIN moves AS m
        ON p.incumbent IS NOT DISTINCT FROM m.incumbent AND p.candidate IS NOT DISTINCT FROM m.candidate
    GROUP BY p.unit
)
SELECT
    count(*)::DOUBLE AS units,
    coalesce(sum(n), 0.0) AS n,
    coalesce(sum(y), 0.0) AS y,
    coalesce(sum(n * n), 0.0) AS nn,
    coalesce(sum(y * y), 0.0) AS yy,
    coalesce(sum(y * n), 0.0) AS yn,
    coalesce(sum(y * y * y), 0.0) AS yyy,
    coalesce(sum(n * n * n), 0.0) AS nnn,
    coalesce(sum(y * n * n), 0.0) AS ynn,
    coalesce(sum(y * y * n), 0.0) AS yyn,
    coalesce(sum(moved * moved), 0.0) AS influence
FROM per_unit
