"""What surrounds the rules: the embedded database, migrations, the pool, settings."""
