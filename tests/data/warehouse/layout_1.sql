-- What the worker made before layouts had numbers, for the source jira in the schema analytics.
CREATE SCHEMA "analytics";
CREATE TABLE "analytics".etl_runs (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             text NOT NULL,
    source_kind_id   text NOT NULL,
    workflow_id      text NOT NULL,
    workflow_run_id  text NOT NULL,
    job_id           text,
    query_type       text,
    args             jsonb,
    version          text,
    specific_version text,
    date_start       date,
    date_end         date,
    status           text NOT NULL DEFAULT 'running',
    counts           jsonb NOT NULL DEFAULT '{}',
    started          timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished         timestamptz,
    error            text,
    UNIQUE (workflow_id, workflow_run_id)
);
CREATE INDEX etl_runs_started_idx ON "analytics".etl_runs (source_kind_id, started);
CREATE TABLE "analytics".etl_watermarks (
    source_kind_id text PRIMARY KEY,
    covered_until  timestamptz NOT NULL,
    run            bigint,
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Until when one slice of a source (a member's bugs) is covered.
CREATE TABLE "analytics".etl_coverage (
    source_kind_id text NOT NULL,
    slice          text NOT NULL,
    covered_until  timestamptz NOT NULL,
    run            bigint,
    PRIMARY KEY (source_kind_id, slice)
);
CREATE TABLE "analytics".etl_unfinished (
    source_kind_id text NOT NULL,
    job_id         text NOT NULL,
    input          jsonb NOT NULL,
    run            bigint NOT NULL,
    attempts       integer NOT NULL DEFAULT 0,
    error          text,
    since          timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_tried     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source_kind_id, job_id)
);
CREATE TABLE "analytics".etl_identities (
    system      text NOT NULL,
    account     text NOT NULL,
    employee_id text,
    pseudonym   text NOT NULL,
    first_seen  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen   timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (system, account)
);
CREATE INDEX etl_identities_pseudonym_idx ON "analytics".etl_identities (pseudonym);
CREATE INDEX etl_identities_changed_at_idx ON "analytics".etl_identities (changed_at);
-- Compressed by us: EXTERNAL keeps the server from compressing again.
CREATE UNLOGGED TABLE "analytics".etl_staging (
    block_id uuid PRIMARY KEY,
    run      bigint NOT NULL,
    batch_no integer NOT NULL,
    raw      bytea,
    ledger   bytea,
    rows     bytea,
    summary  jsonb,
    created  timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE "analytics".etl_staging ALTER COLUMN raw SET STORAGE EXTERNAL;
ALTER TABLE "analytics".etl_staging ALTER COLUMN ledger SET STORAGE EXTERNAL;
ALTER TABLE "analytics".etl_staging ALTER COLUMN rows SET STORAGE EXTERNAL;
CREATE INDEX etl_staging_created_idx ON "analytics".etl_staging (created);
CREATE TABLE "analytics".etl_batches (
    block_id       uuid PRIMARY KEY,
    source_kind_id text NOT NULL,
    run            bigint NOT NULL,
    counts         jsonb,
    loaded_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX etl_batches_run_idx ON "analytics".etl_batches (run);
-- block_id is the load that last changed the document's events. Room on every page lets the ledger move
-- forward in place.
CREATE TABLE "analytics".etl_documents (
    source_kind_id   text NOT NULL,
    document_id      text NOT NULL,
    upstream_updated timestamptz NOT NULL,
    extracted_at     timestamptz NOT NULL,
    hash             bytea,
    event_count      integer NOT NULL,
    version          text,
    specific_version text,
    unknown          text[] NOT NULL DEFAULT '{}',
    run              bigint NOT NULL,
    block_id         uuid NOT NULL,
    deleted_at       timestamptz,
    PRIMARY KEY (source_kind_id, document_id)
) WITH (fillfactor = 80);
CREATE INDEX etl_documents_unknown_idx ON "analytics".etl_documents USING gin (unknown) WHERE unknown <> '{}';
CREATE TABLE "analytics".etl_rejects (
    digest         bytea PRIMARY KEY,
    source_kind_id text NOT NULL,
    document_id    text NOT NULL,
    event_id       text NOT NULL,
    stage          text NOT NULL,
    reason         text NOT NULL,
    times_seen     bigint NOT NULL DEFAULT 1,
    first_seen     timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen      timestamptz NOT NULL DEFAULT clock_timestamp(),
    run            bigint NOT NULL,
    fragment       text
);
CREATE INDEX etl_rejects_source_idx ON "analytics".etl_rejects (source_kind_id, last_seen);
CREATE TABLE "analytics"."jira_events_history" (
    history_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change              varchar NOT NULL,
    replaced_at         timestamptz NOT NULL,
    replaced_by_run     bigint,
    id                  bigint,
    source_kind_id      varchar,
    parent_item_id      varchar,
    event_id            varchar NOT NULL,
    event_type          varchar,
    relation_type       varchar,
    employee_id         varchar,
    event_time_utc      timestamp,
    week                date,
    timezone            varchar,
    event_time          timestamp,
    event_properties    jsonb,
    relation_properties jsonb,
    metrics             jsonb,
    version             varchar,
    specific_version    varchar,
    document_id         varchar,
    content_hash        bytea,
    run_id              bigint,
    loaded_at           timestamptz,
    updated_at          timestamptz
);
CREATE INDEX "jira_events_history_event_id_idx" ON "analytics"."jira_events_history" (event_id);
CREATE INDEX "jira_events_history_replaced_at_idx" ON "analytics"."jira_events_history" (replaced_at);
CREATE OR REPLACE FUNCTION "analytics"."etl_keep_jira_events"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'DECLARE
    at timestamptz := coalesce(
        nullif(current_setting(''temporaletl.loaded_at'', true), '''')::timestamptz, clock_timestamp());
    by_run bigint := nullif(current_setting(''temporaletl.run_id'', true), '''')::bigint;
BEGIN
    IF TG_OP = ''DELETE'' THEN
        INSERT INTO "analytics"."jira_events_history" (change, replaced_at, replaced_by_run, "id", "event_id", "source_kind_id", "parent_item_id", "event_type", "relation_type", "employee_id", "event_time_utc", "week", "timezone", "event_time", "event_properties", "relation_properties", "metrics", "version", "specific_version", "document_id", "content_hash", "run_id", "loaded_at", "updated_at")
        SELECT ''retired'', at, by_run, o."id", o."event_id", o."source_kind_id", o."parent_item_id", o."event_type", o."relation_type", o."employee_id", o."event_time_utc", o."week", o."timezone", o."event_time", o."event_properties", o."relation_properties", o."metrics", o."version", o."specific_version", o."document_id", o."content_hash", o."run_id", o."loaded_at", o."updated_at" FROM former o;
    ELSE
        INSERT INTO "analytics"."jira_events_history" (change, replaced_at, replaced_by_run, "id", "event_id", "source_kind_id", "parent_item_id", "event_type", "relation_type", "employee_id", "event_time_utc", "week", "timezone", "event_time", "event_properties", "relation_properties", "metrics", "version", "specific_version", "document_id", "content_hash", "run_id", "loaded_at", "updated_at")
        SELECT ''updated'', at, by_run, o."id", o."event_id", o."source_kind_id", o."parent_item_id", o."event_type", o."relation_type", o."employee_id", o."event_time_utc", o."week", o."timezone", o."event_time", o."event_properties", o."relation_properties", o."metrics", o."version", o."specific_version", o."document_id", o."content_hash", o."run_id", o."loaded_at", o."updated_at"
        FROM former o LEFT JOIN latter n ON n.id = o.id
        WHERE (o."event_id", o."source_kind_id", o."parent_item_id", o."event_type", o."relation_type", o."employee_id", o."event_time_utc", o."week", o."timezone", o."event_time", o."event_properties", o."relation_properties", o."metrics") IS DISTINCT FROM (n."event_id", n."source_kind_id", n."parent_item_id", n."event_type", n."relation_type", n."employee_id", n."event_time_utc", n."week", n."timezone", n."event_time", n."event_properties", n."relation_properties", n."metrics");
    END IF;
    RETURN NULL;
END
';
CREATE OR REPLACE FUNCTION "analytics"."etl_forget_jira_events"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN
    DELETE FROM "analytics".etl_documents WHERE source_kind_id = ''jira'';
    RETURN NULL;
END
';
CREATE TABLE "analytics"."jira_events" (
    id                  bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    source_kind_id      varchar NOT NULL,
    parent_item_id      varchar,
    event_id            varchar NOT NULL,
    event_type          varchar NOT NULL,
    relation_type       varchar NOT NULL,
    employee_id         varchar NOT NULL,
    event_time_utc      timestamp NOT NULL,
    week                date NOT NULL,
    timezone            varchar,
    event_time          timestamp,
    event_properties    jsonb,
    relation_properties jsonb,
    metrics             jsonb,
    version             varchar,
    specific_version    varchar,
    document_id         varchar,
    content_hash        bytea,
    run_id              bigint,
    loaded_at           timestamptz,
    updated_at          timestamptz
);
DELETE FROM "analytics".etl_documents WHERE source_kind_id = 'jira';
CREATE UNIQUE INDEX  "jira_events_event_id_key" ON "analytics"."jira_events" ("event_id");
CREATE  INDEX  "jira_events_document_idx" ON "analytics"."jira_events" ("document_id");
CREATE  INDEX  "jira_events_time_idx" ON "analytics"."jira_events" ("event_time_utc");
CREATE  INDEX  "jira_events_who_idx" ON "analytics"."jira_events" ("employee_id", "event_time_utc");
CREATE  INDEX  "jira_events_updated_idx" ON "analytics"."jira_events" ("updated_at");
CREATE TRIGGER etl_keep_updated AFTER UPDATE ON "analytics"."jira_events"
REFERENCING OLD TABLE AS former NEW TABLE AS latter
FOR EACH STATEMENT EXECUTE FUNCTION "analytics"."etl_keep_jira_events"();
CREATE TRIGGER etl_keep_retired AFTER DELETE ON "analytics"."jira_events"
REFERENCING OLD TABLE AS former
FOR EACH STATEMENT EXECUTE FUNCTION "analytics"."etl_keep_jira_events"();
CREATE TRIGGER etl_forget AFTER TRUNCATE ON "analytics"."jira_events"
FOR EACH STATEMENT EXECUTE FUNCTION "analytics"."etl_forget_jira_events"();
