"""The only SQL. One file per thing kept; every function takes the connection of the caller's transaction."""
