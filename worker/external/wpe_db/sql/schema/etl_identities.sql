CREATE TABLE {schema}.etl_identities (
    {columns},
    PRIMARY KEY (system, account)
);
CREATE INDEX etl_identities_pseudonym_idx ON {schema}.etl_identities (pseudonym);
CREATE INDEX etl_identities_changed_at_idx ON {schema}.etl_identities (changed_at);
