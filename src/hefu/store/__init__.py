"""Our own database: SQLite to start with, PostgreSQL to grow on; SQLAlchemy Core, no ORM."""
