-- What the role of each service may do, as far as roles, schemas and tables are there and are ours to grant on: everything
-- with the rows of its own tables, and reading the trust tables of the others.
DO $onqueue$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT n.nspname AS schema, r.rolname AS role
        FROM pg_namespace n, pg_roles r
        WHERE r.rolname IN ('onqueue_auth', 'onqueue_session', 'onqueue_routing', 'onqueue_content')
            AND (n.nspname = r.rolname OR n.nspname IN ('onqueue_auth', 'onqueue_session'))
            AND n.nspname LIKE 'onqueue\_%'
            AND r.rolname <> current_user
            AND pg_has_role(n.nspowner, 'USAGE')
            AND NOT has_schema_privilege(r.rolname, n.oid, 'USAGE')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', place.schema, place.role);
    END LOOP;
    FOR place IN
        SELECT t.schemaname AS schema, t.tablename AS name, r.rolname AS role, t.schemaname = r.rolname AS own
        FROM pg_tables t, pg_roles r
        WHERE r.rolname IN ('onqueue_auth', 'onqueue_session', 'onqueue_routing', 'onqueue_content')
            AND (t.schemaname = r.rolname
                OR (t.schemaname = 'onqueue_auth' AND t.tablename LIKE 'auth\_trust\_%')
                OR (t.schemaname = 'onqueue_session' AND t.tablename LIKE 'session\_trust\_%'))
            AND r.rolname <> current_user
            AND pg_has_role(t.tableowner, 'USAGE')
    LOOP
        EXECUTE format(
            CASE WHEN place.own THEN 'GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I' ELSE 'GRANT SELECT ON %I.%I TO %I' END,
            place.schema, place.name, place.role
        );
    END LOOP;
END
$onqueue$
