#!/bin/sh
# Copy the shop that POSTORDER_DATA names, whole and between two steps of a run, and
# Dagster's records where they are kept in PostgreSQL.
#
#   backup.sh FOLDER
set -eu

folder="$1/$(date -u +%Y%m%dT%H%M%SZ)"
mkdir -p "$1"
mkdir "$folder"

# the shop's own lock: whoever works on it is waited for, and waits
flock --timeout 1800 "$POSTORDER_DATA/working.lock" \
    cp -a --reflink=auto "$POSTORDER_DATA" "$folder/shop"

if [ -n "${POSTORDER_POSTGRES_HOST:-}" ]; then
    PGPASSWORD="$POSTORDER_POSTGRES_PASSWORD" pg_dump \
        --host "$POSTORDER_POSTGRES_HOST" --port "$POSTORDER_POSTGRES_PORT" \
        --username "$POSTORDER_POSTGRES_USER" --format custom \
        --file "$folder/dagster.dump" "$POSTORDER_POSTGRES_DATABASE"
fi
touch "$folder/complete"
