"""The roles of the embedded database and what each may do before there are tables.

For psql as the superuser, with the passwords as variables named like the roles. Can be run again.
"""

SCRIPT = r"""
SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['ps_owner', 'ps_app', 'ps_edge']) AS name
 WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

ALTER ROLE ps_owner CREATEDB PASSWORD :'ps_owner';
ALTER ROLE ps_app PASSWORD :'ps_app';
ALTER ROLE ps_edge PASSWORD :'ps_edge';

SELECT 'CREATE DATABASE plainsail OWNER ps_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'plainsail') \gexec

REVOKE ALL ON DATABASE plainsail FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE plainsail TO ps_app;
GRANT CONNECT ON DATABASE plainsail TO ps_edge;
-- The owner stands in this one while it makes a test database.
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO ps_owner;
"""
