-- Which calls match, newest first? `answered` are the calls with both answers, as given and as they are compared.
-- Every parameter that is NULL means any.
SELECT number, at_us, call_id
FROM ({answered}) AS answered
WHERE ($since_us::BIGINT IS NULL OR at_us >= $since_us::BIGINT)
    AND ($until_us::BIGINT IS NULL OR at_us < $until_us::BIGINT)
    AND (
        $before_us::BIGINT IS NULL
        OR at_us < $before_us::BIGINT
        OR (at_us = $before_us::BIGINT AND call_id < $before_id::VARCHAR)
    )
    AND ($unit::VARCHAR IS NULL OR unit = $unit::VARCHAR)
    AND ($arm::VARCHAR IS NULL OR served_arm = $arm::VARCHAR)
    AND ($stage::VARCHAR IS NULL OR stage = $stage::VARCHAR)
    AND ($mode::VARCHAR IS NULL OR mode = $mode::VARCHAR)
    AND ($source::VARCHAR IS NULL OR source = $source::VARCHAR)
    AND ($fallback::VARCHAR IS NULL OR fallback = $fallback::VARCHAR)
    AND (
        $failed::BOOLEAN IS NULL
        OR (served_error <> '' OR coalesce(beside_error, '') <> '') = $failed::BOOLEAN
    )
    AND (
        $disagree::BOOLEAN IS NULL
        OR (
            served_error = '' AND beside_error = ''
            AND served_answer IS NOT NULL AND beside_answer IS NOT NULL
            AND coalesce(served_said <> beside_said, TRUE) = $disagree::BOOLEAN
        )
    )
    AND (
        $text::VARCHAR IS NULL
        OR contains(lower(coalesce(input, '')), lower($text::VARCHAR))
        OR contains(lower(coalesce(served_answer, '')), lower($text::VARCHAR))
        OR contains(lower(coalesce(beside_answer, '')), lower($text::VARCHAR))
    )
ORDER BY at_us DESC, call_id DESC
LIMIT $limit
