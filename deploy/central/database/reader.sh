#!/bin/sh
# Who Grafana is: reads all organisations, for its dashboards are the operator's, and writes nothing. A reader of one organisation is instead
#   CREATE ROLE hospital_a LOGIN IN ROLE central_tenant; ALTER ROLE hospital_a SET central.organization = '7'; ALTER ROLE hospital_a SET search_path = central;
set -eu
psql -v ON_ERROR_STOP=1 -v password="$GRAFANA_READER_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE SCHEMA IF NOT EXISTS central;
CREATE ROLE grafana LOGIN BYPASSRLS PASSWORD :'password';
ALTER ROLE grafana SET search_path = central, public;
ALTER ROLE grafana SET statement_timeout = '30s';
GRANT USAGE ON SCHEMA central TO grafana;
ALTER DEFAULT PRIVILEGES IN SCHEMA central GRANT SELECT ON TABLES TO grafana;
SQL
