CREATE TEMPORARY TABLE etl_load_rows (
    event_id text, source_kind_id text, parent_item_id text, event_type text, relation_type text,
    employee_id text, event_time_utc timestamp, week date, timezone text, event_time timestamp,
    event_properties jsonb, relation_properties jsonb, metrics jsonb, version text, specific_version text,
    document_id text, content_hash bytea, run_id bigint, loaded_at timestamptz, updated_at timestamptz
) ON COMMIT DELETE ROWS
