-- What each arm answered to the calls of some days, with what was learned of it: one row per execution.
-- {calls} is the relation of the calls, spans the days with their ends, answers what people answered later, labels the
-- first label in time. judged_on is what the target judges of an answer, truth the label that it judges it by: an
-- outcome says nothing of an answer beside.
kept AS (
    SELECT c.*, s.day FROM {calls} AS c JOIN spans AS s ON c.at_us >= s.since_us AND c.at_us < s.until_us
    WHERE at_us >= $since_us::BIGINT AND at_us < $until_us::BIGINT AND list_contains($sources::VARCHAR[], source)
),
arms AS (
    SELECT day, call_id, kept.at_us, stage, assigned, served_arm AS arm, served_release AS arm_release, TRUE AS served,
        served_latency_us AS latency_us, served_error AS error, served_confidence AS confidence,
        served_cost_usd AS cost_usd,
        CASE WHEN served_arm = 'incumbent' AND served_value IS NULL THEN a.value ELSE served_value END AS value
    FROM kept LEFT JOIN answers AS a USING (call_id)
    UNION ALL
    SELECT day, call_id, kept.at_us, stage, assigned, beside_arm, beside_release, FALSE,
        beside_latency_us, beside_error, beside_confidence, beside_cost_usd,
        CASE WHEN beside_arm = 'incumbent' AND beside_value IS NULL THEN a.value ELSE beside_value END
    FROM kept LEFT JOIN answers AS a USING (call_id)
    WHERE beside_arm IS NOT NULL
),
executions AS (
    SELECT arms.*, error <> '' AS failed,
        CASE WHEN error = '' AND $by_answer::BOOLEAN THEN arms.value END AS judged_on,
        CASE WHEN served OR $by_answer::BOOLEAN THEN l.value END AS truth
    FROM arms LEFT JOIN labels AS l ON l.call_id = arms.call_id AND l.at_us <= arms.at_us + $window_us::BIGINT
)
