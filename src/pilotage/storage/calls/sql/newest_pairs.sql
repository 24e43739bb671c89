-- Which are the newest pairs of one stage and release, and what did the arms answer?
SELECT at_us, call_id, unit, incumbent, candidate
FROM ({paired}) AS paired
ORDER BY at_us DESC, call_id DESC
LIMIT $limit
