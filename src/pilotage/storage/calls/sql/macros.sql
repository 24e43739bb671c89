-- How answers are compared, as `evidence.values.answer_of` does it in Python: the text of a scalar's JSON without
-- quotes, numbers alike whether written 3 or 3.0. NULL where an answer lacks the field.
CREATE OR REPLACE MACRO plain_number(said) AS
    CASE
        WHEN said IS NULL OR NOT regexp_matches(said, '^[-0-9]') OR regexp_full_match(said, '-*[0-9]+')
            OR try_cast(said AS DOUBLE) IS NULL THEN said
        WHEN try_cast(said AS DOUBLE) = trunc(try_cast(said AS DOUBLE)) AND abs(try_cast(said AS DOUBLE)) < 1e15
            THEN try_cast(try_cast(said AS DOUBLE) AS BIGINT)::VARCHAR
        ELSE try_cast(said AS DOUBLE)::VARCHAR
    END;
CREATE OR REPLACE MACRO unquoted(value) AS
    CASE WHEN starts_with(value, '"') AND json_valid(value) THEN json_extract_string(value, '$') ELSE value END;
CREATE OR REPLACE MACRO compared(value, pointer) AS
    plain_number(
        CASE
            WHEN pointer IS NULL THEN unquoted(value)
            WHEN json_valid(value) AND json_type(value) = 'OBJECT'
                THEN nullif(unquoted(json_extract(value, pointer)::VARCHAR), 'null')
        END
    );
