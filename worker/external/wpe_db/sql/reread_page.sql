-- Documents that name by pseudonym somebody who is known by now, and those that were rejected whole and not
-- read since: what can be read by now may lie in no later window. A reject that came with the document's
-- own load was a part of it, one of stage store has an id that nobody can be asked for, and what is gone
-- upstream is never seen again.
SELECT wanted.document_id
FROM (
    SELECT document.document_id
    FROM {schema}.etl_documents AS document
    CROSS JOIN LATERAL unnest(document.unknown) AS mention (pseudonym)
    JOIN {schema}.etl_identities AS identity ON identity.pseudonym = mention.pseudonym
    WHERE document.source_kind_id = %(source)s
      AND document.unknown <> '{{}}'
      AND identity.employee_id IS NOT NULL
      AND document.document_id > %(after)s
    UNION
    SELECT reject.document_id
    FROM {schema}.etl_rejects AS reject
    LEFT JOIN {schema}.etl_documents AS document
        ON document.source_kind_id = reject.source_kind_id AND document.document_id = reject.document_id
    WHERE reject.source_kind_id = %(source)s
      AND reject.event_id = ''
      AND reject.stage <> 'store'
      AND reject.last_seen > clock_timestamp() - %(asked_for)s::interval
      AND reject.document_id > %(after)s
      AND (
          document.document_id IS NULL
          OR reject.last_seen > document.extracted_at AND (reject.stage = 'extract' OR reject.run <> document.run)
      )
    GROUP BY reject.document_id
    HAVING sum(reject.times_seen) < %(patience)s
) AS wanted
ORDER BY wanted.document_id
LIMIT %(limit)s
