-- What does each field of a reference look like, before it has bins: how many of each type, and the deciles and ends of
-- its numbers?
WITH {field_values}
SELECT name, count(*) AS calls, count(x) AS numbers, min(x) AS low, max(x) AS high,
    quantile_disc(x, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) AS deciles,
    quantile_disc(x, [0.001, 0.999]) AS ends,
    list_sort(list_distinct(list(kind) FILTER (kind <> 'null'))) AS types,
    count(*) FILTER (kind <> 'null') AS present
FROM typed
WHERE $scope::VARCHAR = CASE WHEN name LIKE 'candidate.%' THEN release ELSE '' END
GROUP BY name
ORDER BY name
