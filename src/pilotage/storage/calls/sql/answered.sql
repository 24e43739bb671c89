-- Each call with both executions' answers: as given, and as they are compared ({calls}: the relation of the calls;
-- answers: what people answered later; $pointer: where in an answer that is an object, NULL for whole answers).
SELECT
    *,
    compared(served_answer, $pointer::VARCHAR) AS served_said,
    compared(beside_answer, $pointer::VARCHAR) AS beside_said
FROM (
    SELECT
        c.*,
        CASE
            WHEN served_arm = 'incumbent' AND served_value IS NULL THEN a.value
            ELSE served_value
        END AS served_answer,
        CASE
            WHEN beside_arm = 'incumbent' AND beside_value IS NULL THEN a.value
            ELSE beside_value
        END AS beside_answer
    FROM {calls} AS c
    LEFT JOIN answers AS a USING (call_id)
) AS as_given
