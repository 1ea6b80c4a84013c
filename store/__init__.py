"""The tables, the unit of work and the migrations: everything that is kept, and nothing that decides."""
