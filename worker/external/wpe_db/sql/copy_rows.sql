COPY {events} ({columns}) FROM STDIN
