#!/usr/bin/env bash
# Run by the PostgreSQL image at its first start: a database and a login of its own for every service.
set -euo pipefail
for service in gateway storefront ordering dispatch commission crm campaigns; do
  psql -v ON_ERROR_STOP=1 -v name="$service" -v password="$LINLI_PASSWORD" -U postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
