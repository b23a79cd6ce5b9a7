-- In the order that the batch has them, which is that of their keys: batches that meet the same rejects
-- in different orders lock each other out. One that was settled is a new one.
INSERT INTO {schema}.etl_rejects AS r
    (digest, source_kind_id, document_id, event_id, stage, reason, run, fragment)
SELECT decode(n.digest, 'hex'), %(source)s, n.document_id, n.event_id, n.stage, n.reason, %(run)s::bigint, n.fragment
FROM unnest(%(digests)s::text[], %(documents)s::text[], %(events)s::text[], %(stages)s::text[],
            %(reasons)s::text[], %(fragments)s::text[])
     AS n (digest, document_id, event_id, stage, reason, fragment)
ON CONFLICT (digest) DO UPDATE SET
    times_seen = CASE WHEN encode(r.digest, 'hex') = ANY (%(settled)s::text[]) THEN 1 ELSE r.times_seen + 1 END,
    first_seen = CASE WHEN encode(r.digest, 'hex') = ANY (%(settled)s::text[]) THEN clock_timestamp()
                      ELSE r.first_seen END,
    last_seen = clock_timestamp(),
    run = EXCLUDED.run,
    fragment = EXCLUDED.fragment
RETURNING r.times_seen = 1
