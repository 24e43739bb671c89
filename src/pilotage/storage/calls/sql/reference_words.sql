-- Which categories does each field of a reference have, commonest first? What occurs fewer than five times is no
-- category, and is not kept.
WITH {field_values}
SELECT name, word, count(*) AS calls
FROM typed
WHERE word IS NOT NULL AND $scope::VARCHAR = CASE WHEN name LIKE 'candidate.%' THEN release ELSE '' END
GROUP BY name, word
HAVING count(*) >= 5
QUALIFY row_number() OVER (PARTITION BY name ORDER BY count(*) DESC, word) <= 200
ORDER BY name, calls DESC, word
