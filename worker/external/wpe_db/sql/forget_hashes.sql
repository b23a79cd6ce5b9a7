-- Before rows move: the hash of whoever loses by it, a holder its row or a taker its claim, vouches for a
-- row that the document does not hold. Holders of this load (ids) have hashes without what they gave up.
UPDATE {schema}.etl_documents d SET hash = NULL
FROM (
    SELECT e.document_id AS holder, EXCLUDED.document_id AS taker, ({may_move}) AS moves
    FROM pg_temp.etl_load_rows AS EXCLUDED
    JOIN {events} e ON e.event_id = EXCLUDED.event_id AND e.document_id <> EXCLUDED.document_id
) claim
WHERE d.source_kind_id = {source}
  AND d.document_id = CASE WHEN claim.moves THEN claim.holder ELSE claim.taker END
  AND NOT (claim.moves AND claim.holder = ANY (%(ids)s))
  AND d.hash IS NOT NULL
