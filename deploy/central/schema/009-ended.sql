-- Each alert as its newest event left it; one that has ended is over, for an alert that comes again has another id. The clock of a gateway may have
-- been set back meanwhile, and of a release whole seconds are told, in any order. Else its own time decides, then arrival.
CREATE OR REPLACE VIEW alert_now WITH (security_invoker = true) AS
  SELECT DISTINCT ON (organization, alert_id) organization, alert_id, subject, min(time) OVER (PARTITION BY organization, alert_id) AS started_at, time,
    phase, state, severity, priority, type, rule, version, because
  FROM alerts ORDER BY organization, alert_id, state = 'inactive' DESC, time DESC, event DESC;
