CREATE TABLE {history} (
    {columns}
);
CREATE INDEX {event_id_index} ON {history} (event_id);
CREATE INDEX {replaced_at_index} ON {history} (replaced_at);
