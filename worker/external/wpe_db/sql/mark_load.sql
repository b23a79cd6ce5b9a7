SELECT set_config('temporaletl.run_id', %(run)s, true),
       set_config('temporaletl.loaded_at', clock_timestamp()::text, true)
