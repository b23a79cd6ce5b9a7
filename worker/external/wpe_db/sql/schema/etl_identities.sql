CREATE TABLE IF NOT EXISTS {schema}.etl_identities (
    {columns},
    PRIMARY KEY (system, account)
);
CREATE INDEX IF NOT EXISTS etl_identities_pseudonym_idx ON {schema}.etl_identities (pseudonym);
CREATE INDEX IF NOT EXISTS etl_identities_changed_at_idx ON {schema}.etl_identities (changed_at);
