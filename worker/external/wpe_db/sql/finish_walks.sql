-- The run's own, and those made before it whose window it walked too, unless another run is on one.
DELETE FROM {schema}.etl_walks AS walk
USING {schema}.etl_runs AS own
WHERE own.id = %(run)s
  AND walk.source_kind_id = own.source_kind_id
  AND (
      walk.made_for = own.id
      OR walk.made_for < own.id
      AND walk.date_start >= own.date_start AND walk.date_end <= own.date_end
      AND NOT EXISTS (
          SELECT FROM {schema}.etl_runs AS holder
          WHERE holder.id = walk.run AND holder.id <> own.id AND holder.finished IS NULL
      )
  )
