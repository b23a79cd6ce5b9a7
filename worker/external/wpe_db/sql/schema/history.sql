CREATE TABLE IF NOT EXISTS {history} (
    {columns}
);
CREATE INDEX IF NOT EXISTS {event_id_index} ON {history} (event_id);
CREATE INDEX IF NOT EXISTS {replaced_at_index} ON {history} (replaced_at);
