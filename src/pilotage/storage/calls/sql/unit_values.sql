-- What do calls add to their units, by stratum? {values} are n, y and z of each series, as far as they are not nothing.
INSERT INTO cells BY NAME
SELECT place, stratum, {values}
FROM judged
WHERE place >= 0
