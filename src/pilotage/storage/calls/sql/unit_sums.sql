-- What do calls add to their units, by stratum? {sums} are the sums of n, y and z of each series.
INSERT INTO cells BY NAME
SELECT place, stratum, {sums}
FROM judged
WHERE place >= 0
GROUP BY place, stratum
