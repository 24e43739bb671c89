-- The pairs of one stage and release, as they are compared: incumbent and candidate NULL without the field.
SELECT
    at_us,
    call_id,
    coalesce(nullif(unit, ''), call_id) AS unit,
    CASE WHEN served_arm = 'incumbent' THEN served_said ELSE beside_said END AS incumbent,
    CASE WHEN served_arm = 'incumbent' THEN beside_said ELSE served_said END AS candidate
FROM ({answered}) AS answered
WHERE stage = $stage::VARCHAR
    AND list_contains($sources::VARCHAR[], source)
    AND served_arm <> beside_arm
    AND CASE WHEN served_arm = 'candidate' THEN served_release ELSE beside_release END = $release::VARCHAR
    AND served_error = '' AND beside_error = ''
    AND served_answer IS NOT NULL AND beside_answer IS NOT NULL
