-- Its holder gives the row up in this very load, or was read no later than the taker.
(e.document_id = ANY (%(ids)s) AND e.event_id <> ALL (%(kept)s))
OR NOT EXISTS (
    SELECT FROM {schema}.etl_documents holder, {schema}.etl_documents taker
    WHERE holder.source_kind_id = {source} AND holder.document_id = e.document_id
      AND taker.source_kind_id = {source} AND taker.document_id = EXCLUDED.document_id
      AND holder.extracted_at > taker.extracted_at)
