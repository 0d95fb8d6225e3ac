/** What is asked and deleted of one person, for `vigil patient` and `vigil sync explain --who`: in vigil.db and in sync.db. */

export const personQueries = {
  STAYS: 'SELECT id, bed, patient, opened_at AS openedAt, closed_at AS closedAt, context, crc FROM stay ORDER BY opened_at',
  PATIENTS: 'SELECT id, mrn, name FROM patient',
  FACTS: 'SELECT id, learned_at AS learnedAt, effective_at AS effectiveAt, source, by_whom AS "by", body, crc FROM fact ORDER BY id',
  UNNAME_STAY: 'UPDATE stay SET patient = NULL, crc = @crc WHERE id = @id',
  FORGET_PATIENT: 'UPDATE patient SET mrn = NULL, name = NULL, crc = @crc WHERE id = @patient',
  REMOVE_FACT: 'DELETE FROM fact WHERE id = @id',
  FRAMES: 'SELECT id, why, bytes FROM quarantine',
  REMOVE_FRAME: 'DELETE FROM quarantine WHERE id = @id',
  /** What of a stay has a surrogate of its own: its alerts, and the orders that medicines were given by. */
  OF_STAY: `SELECT alert_id AS id FROM event WHERE kind = 'alert' AND alert_id IS NOT NULL AND instr(body, @stay) > 0
    UNION SELECT id FROM (SELECT CASE WHEN json_valid(body) THEN body ->> '$.given.id' END AS id FROM event WHERE kind = 'gateway' AND instr(body, @stay) > 0) WHERE id IS NOT NULL`,
} as const

/** Of sync.db. */
export const sentQueries = {
  STAY_OF: "SELECT id, epoch FROM surrogate WHERE surrogate = @surrogate AND kind = 'stay'",
  SURROGATES_OF: "SELECT surrogate FROM surrogate WHERE (kind = 'stay' AND id = @id) OR (kind IN ('alert', 'medication') AND id = @id) OR (kind = 'sensor' AND substr(id, 1, length(@id) + 1) = @id || char(0))",
  FORGET_SURROGATE: 'DELETE FROM surrogate WHERE surrogate = @surrogate',
  FORGET_ALERTS_OF: 'DELETE FROM alert_subject WHERE subject = @surrogate',
  BATCHES: 'SELECT id, batch_id AS batchId, body FROM batch ORDER BY sink, place',
  LETTERS: 'SELECT id, event FROM dead_letter',
  REMOVE_LETTER: 'DELETE FROM dead_letter WHERE id = @id',
} as const
