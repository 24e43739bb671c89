-- What is there to judge: which answers, or failures, met which label?
WITH {executions}
SELECT DISTINCT arm, failed, judged_on, truth FROM executions WHERE truth IS NOT NULL
