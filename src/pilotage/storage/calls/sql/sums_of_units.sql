-- What do units come to, by stratum, over everything that was added?
SELECT place, stratum, {sums}
FROM cells
WHERE place >= $first AND place < $last
GROUP BY place, stratum
ORDER BY place, stratum
