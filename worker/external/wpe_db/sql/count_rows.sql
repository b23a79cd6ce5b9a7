SELECT count(*) FROM {events}
