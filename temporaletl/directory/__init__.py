"""The directory of people: employees, their addresses and accounts, whichever system keeps them."""
