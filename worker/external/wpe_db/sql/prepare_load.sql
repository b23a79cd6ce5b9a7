-- A batch is small beside its tables, which the planner does not know of tables that just grew.
SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
