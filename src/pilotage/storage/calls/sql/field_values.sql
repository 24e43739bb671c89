-- The fields of the calls of some days, one row each: what profiles and references are counted from.
-- worths holds what the target makes of every answer that met a label, reported every first outcome.
{executions},
said AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(value, $answer_path::VARCHAR) END AS raw
    FROM executions
),
judged AS (
    SELECT said.* EXCLUDE (raw), w.y,
        CASE WHEN regexp_full_match(raw, '-?[0-9.]+([eE][-+]?[0-9]+)?')
            THEN coalesce(TRY_CAST(raw AS DOUBLE)::VARCHAR, raw) ELSE raw END AS said
    FROM said LEFT JOIN worths AS w ON w.arm = said.arm AND w.failed = said.failed AND w.truth = said.truth
        AND w.judged_on IS NOT DISTINCT FROM said.judged_on
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
