SELECT event_id FROM {events} WHERE event_id = ANY (%(event_ids)s)
