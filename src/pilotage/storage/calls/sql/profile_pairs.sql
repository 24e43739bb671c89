-- How often did the arms of a pair give these two answers?
WITH {field_values}
SELECT i.day, i.stage, c.arm_release AS release, i.said AS incumbent, c.said AS candidate, count(*) AS calls
FROM judged AS i JOIN judged AS c USING (call_id)
WHERE i.arm = 'incumbent' AND c.arm = 'candidate' AND i.said IS NOT NULL AND c.said IS NOT NULL
    AND i.error = '' AND c.error = ''
GROUP BY ALL
ORDER BY ALL
