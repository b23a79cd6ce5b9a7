SELECT EXISTS (SELECT FROM {events} WHERE document_id = ANY (%(ids)s))
