-- A reader of one organisation takes on this role, which may only read, and only rows of the organisation named in its transaction:
--   SELECT set_config('role', 'central_tenant', true), set_config('central.organization', '7', true)
-- Roles belong to the whole server: another database may have made it.
DO $$ BEGIN
  CREATE ROLE central_tenant NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
  IF NOT pg_has_role(current_user, 'central_tenant', 'MEMBER') THEN EXECUTE format('GRANT central_tenant TO %I', current_user); END IF;
END $$;

GRANT USAGE ON SCHEMA central TO central_tenant;
GRANT SELECT ON metric_expectation TO central_tenant;
GRANT SELECT ON vital_sign, gap_span, alert_now, alarm_load TO central_tenant;

DO $$
DECLARE owned text;
BEGIN
  FOREACH owned IN ARRAY ARRAY['batch', 'event', 'subject', 'series', 'vital_signs_timeseries', 'vital_signs_minute', 'vital_signs_hour', 'vital_signs_day',
    'alerts', 'device_metrics', 'system_metrics', 'gap', 'correction', 'gateway']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
    EXECUTE format('CREATE POLICY tenant ON %I FOR SELECT TO central_tenant USING (organization = nullif(current_setting(''central.organization'', true), '''')::int)',
      owned);
    EXECUTE format('GRANT SELECT ON %I TO central_tenant', owned);
  END LOOP;
END $$;
ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organization FOR SELECT TO central_tenant USING (id = nullif(current_setting('central.organization', true), '')::int);
GRANT SELECT ON organization TO central_tenant;
