-- The fields of the calls of some days, one row each: what profiles and references are counted from. spans holds the
-- days with their ends.
-- {calls} is the relation of the calls, answers what people answered later, labels the first label in time,
-- reported every first outcome, costs the target's table of costs.
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
read_arms AS (
    SELECT arms.*,
        CASE WHEN json_valid(arms.value) THEN json_extract_string(arms.value, $answer_path::VARCHAR) END AS said,
        CASE WHEN json_valid(l.value) THEN json_extract_string(l.value, '$') END AS truth
    FROM arms LEFT JOIN labels AS l ON l.call_id = arms.call_id AND l.at_us <= arms.at_us + $window_us::BIGINT
),
texts AS (
    SELECT * EXCLUDE (said, truth),
        CASE WHEN regexp_full_match(said, '-?[0-9.]+([eE][-+]?[0-9]+)?')
            THEN coalesce(TRY_CAST(said AS DOUBLE)::VARCHAR, said) ELSE said END AS said,
        CASE WHEN regexp_full_match(truth, '-?[0-9.]+([eE][-+]?[0-9]+)?')
            THEN coalesce(TRY_CAST(truth AS DOUBLE)::VARCHAR, truth) ELSE truth END AS truth
    FROM read_arms
),
judged AS (
    SELECT texts.*,
        CASE
            WHEN truth IS NULL OR $judge::VARCHAR = 'none' THEN NULL
            WHEN error <> '' THEN $failed::DOUBLE
            WHEN $judge::VARCHAR = 'outcome' THEN CASE WHEN served
                THEN greatest($lo::DOUBLE, least($hi::DOUBLE, TRY_CAST(truth AS DOUBLE))) END
            WHEN said IS NULL THEN NULL
            WHEN $judge::VARCHAR = 'match' THEN
                CASE WHEN said = truth THEN $right_value::DOUBLE ELSE $wrong_value::DOUBLE END
            ELSE coalesce(k.cost, $otherwise::DOUBLE)
        END AS y
    FROM texts LEFT JOIN costs AS k ON k.answer = said AND k.label = truth
),
per_call AS (
    SELECT call_id, max(arm_release) FILTER (arm = 'candidate') AS release,
        coalesce(max(y) FILTER (arm = 'candidate'), max(y) FILTER (arm = 'incumbent')) AS y
    FROM judged GROUP BY call_id
),
long AS (
    SELECT day, stage, coalesce(release, '') AS release, y,
        unnest($input_names::VARCHAR[]) AS name, unnest(json_extract(input, $input_paths::VARCHAR[]))::VARCHAR AS value
    FROM kept JOIN per_call USING (call_id) WHERE json_valid(input)
    UNION ALL
    SELECT day, stage, coalesce(release, ''), p.y, arm || f.name, f.value
    FROM judged JOIN per_call AS p USING (call_id), LATERAL (
        SELECT unnest(['.answer', '.confidence', '.cost_usd', '.latency_ms', '.error']) AS name,
            unnest([
                CASE WHEN said IS NULL THEN 'null' ELSE to_json(said)::VARCHAR END,
                coalesce(to_json(confidence)::VARCHAR, 'null'),
                coalesce(to_json(cost_usd)::VARCHAR, 'null'),
                CASE WHEN latency_us > 0 THEN to_json(latency_us / 1000.0)::VARCHAR ELSE 'null' END,
                to_json(error)::VARCHAR
            ]) AS value
    ) AS f
    WHERE f.name = '.error' OR error = ''
    UNION ALL
    SELECT day, stage, coalesce(release, ''), p.y, 'outcome.' || r.name, r.value
    FROM kept JOIN per_call AS p USING (call_id) JOIN reported AS r USING (call_id)
),
typed AS (
    SELECT day, stage, release, y, name, kind,
        CASE WHEN kind = 'number' AND isfinite(TRY_CAST(value AS DOUBLE)) THEN TRY_CAST(value AS DOUBLE) END AS x,
        CASE WHEN kind IN ('text', 'truth', 'number') AND length(value) <= 82
            THEN json_extract_string(value, '$') END AS word
    FROM (
        SELECT *, CASE WHEN value IS NULL OR NOT json_valid(value) THEN 'null' ELSE
            CASE json_type(value) WHEN 'VARCHAR' THEN 'text' WHEN 'BOOLEAN' THEN 'truth' WHEN 'NULL' THEN 'null'
                WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'list' ELSE 'number' END END AS kind
        FROM long
    ) AS k
)
