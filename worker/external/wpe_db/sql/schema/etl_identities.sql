CREATE TABLE {schema}.etl_identities (
    system      text NOT NULL,
    account     text NOT NULL,
    employee_id text,
    pseudonym   text NOT NULL,
    first_seen  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen   timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (system, account)
);
CREATE INDEX etl_identities_pseudonym_idx ON {schema}.etl_identities (pseudonym);
CREATE INDEX etl_identities_changed_at_idx ON {schema}.etl_identities (changed_at);
