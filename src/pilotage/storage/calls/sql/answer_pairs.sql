-- What did the arms answer to the same calls, the most frequent pairs first, and how many kinds of answer are there? (pairs: the pairs.)
WITH joint AS (SELECT incumbent, candidate, count(*) AS calls FROM pairs GROUP BY ALL)
SELECT
    incumbent,
    candidate,
    calls,
    (
        SELECT count(DISTINCT said)
        FROM (SELECT incumbent AS said FROM joint UNION ALL SELECT candidate FROM joint) AS each_arm
    ) AS categories
FROM joint
ORDER BY calls DESC, incumbent, candidate
LIMIT $limit
