/** Every row of every table that a replay makes, in an order that does not depend on how the file lies on the disk. */

export const digestQueries = {
  SNAPSHOTS: 'SELECT seq, stream, received_at, sent_at, readings, crc FROM snapshot ORDER BY seq',
  EVENTS: 'SELECT seq, at, kind, alert_id, body, crc FROM event ORDER BY seq',
  STREAMS: 'SELECT id, device, bed, stay FROM stream ORDER BY id',
  SERIES: 'SELECT id, metric, channel, unit FROM series ORDER BY id',
  STAYS: 'SELECT id, bed, patient, opened_at, closed_at, context FROM stay ORDER BY id',
  PATIENTS: 'SELECT id, mrn, name FROM patient ORDER BY id',
  OPEN_ALERTS: 'SELECT alert_id FROM open_alert ORDER BY alert_id',
  MARKS: 'SELECT minute, seq FROM mark ORDER BY seq, minute',
  MESSAGES: 'SELECT device, slot, control_id, hash FROM message ORDER BY device, slot',
  QUARANTINE: 'SELECT id, at, device, peer, why, length, bytes FROM quarantine ORDER BY id',
  FACTS: 'SELECT id, learned_at, effective_at, source, by_whom, body FROM fact ORDER BY id',
  REVISIONS: 'SELECT seq, supersedes, revision FROM revision ORDER BY seq',
  STRIPS: 'SELECT id, alert_id, at, device, metric, channel, rate_hz, scale, zero, unit, began_at, samples FROM strip ORDER BY id',
} as const
