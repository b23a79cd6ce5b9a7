-- Rows of the earlier layout: of documents that no load has read yet, and those that name no document.
SELECT (SELECT count(*)
        FROM {schema}.etl_documents d
        JOIN {events} e ON e.document_id = d.document_id
        WHERE d.source_kind_id = {source} AND d.extracted_at = '-infinity'),
       (SELECT count(*) FROM {events} WHERE document_id IS NULL)
