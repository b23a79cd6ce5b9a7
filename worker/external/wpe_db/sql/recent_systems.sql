-- Systems that the last reading of the directory named. Addresses are part of every one, so their time
-- is its time; last_seen moves once a day, hence the day's tolerance. A system that the operator let go
-- drops out after that day.
SELECT system
FROM {schema}.etl_identities
GROUP BY system
HAVING max(last_seen) >= (
    SELECT max(last_seen) FROM {schema}.etl_identities WHERE system = 'email'
) - interval '1 day'
