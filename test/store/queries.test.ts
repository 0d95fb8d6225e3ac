import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { epochQueries, metaQueries, readerQueries, reissueQueries, sealQueries, writerQueries } from '../../src/store/queries.ts'
import { tempFolder } from './fixture.ts'
import { writing } from './writing.ts'

/** How each question finds its rows. A question without a line here fails: think of its plan first. */
const PLANS: Readonly<Record<string, RegExp>> = {
  PUT_META: /^SEARCH meta USING INTEGER PRIMARY KEY/,
  SEGMENT_OPEN: /^SCAN segment USING INDEX segment_open$/,
  SEGMENT: /^SEARCH segment USING INTEGER PRIMARY KEY/,
  LAST_BLOCK: /^SEARCH segment$/,
  NAMES_BEFORE: /^SEARCH segment USING INTEGER PRIMARY KEY \(rowid<\?\)$/,
  NAMES_NOW: /SEARCH stream .* SEARCH series/,
  STREAMS_BETWEEN: /^SEARCH stream USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/,
  SERIES_BETWEEN: /^SEARCH series USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/,
  // One row an incarnation.
  EPOCHS: /^SCAN epoch$/,
  LAST_TURN: /^SEARCH epoch$/,
  META_OF_1: /^SEARCH meta USING INTEGER PRIMARY KEY/,
  META: /^SEARCH meta USING INTEGER PRIMARY KEY/,
  // The greatest number of each table, by one step down its tree.
  LAST_SEQ: /SCALAR SUBQUERY 2 \| SEARCH snapshot \| SCALAR SUBQUERY 3 \| SEARCH event$/,
  NEWEST_AT: /SEARCH snapshot USING INTEGER PRIMARY KEY .* SEARCH event USING INTEGER PRIMARY KEY .* SEARCH event$/,
  STREAMS_NEWEST: /^SCAN stream$/,
  SERIES_ALL: /^SCAN series$/,
  STREAM: /^SEARCH stream USING INTEGER PRIMARY KEY/,
  SERIES: /^SEARCH series USING INTEGER PRIMARY KEY/,
  CLOSE_ALERT: /^SEARCH open_alert USING PRIMARY KEY/,
  PATIENT_OF_STAY: /^SEARCH stay USING PRIMARY KEY/,
  CHANGE_PATIENT: /^SEARCH patient USING INTEGER PRIMARY KEY/,
  // A ring for each device: all of it is wanted.
  MESSAGES: /^SCAN message$/,
  REMOVE_MESSAGE: /^SEARCH message USING INTEGER PRIMARY KEY/,
  TRIM_QUARANTINE: /^SEARCH quarantine USING COVERING INDEX \w+ \(device=\? AND id<\?\) \| SCALAR SUBQUERY 1 \| SEARCH quarantine USING COVERING INDEX/,
  LOG_AFTER: /^MERGE .* LEFT \| SEARCH snapshot USING INTEGER PRIMARY KEY \(rowid>\?\) \| RIGHT \| SEARCH event USING INTEGER PRIMARY KEY \(rowid>\?\)$/,
  LOG_HEADS_AFTER: /^MERGE .* LEFT \| SEARCH snapshot USING INTEGER PRIMARY KEY \(rowid>\?\) \| RIGHT \| SEARCH event USING INTEGER PRIMARY KEY \(rowid>\?\)$/,
  LOG_READINGS: /SEARCH snapshot USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/,
  LOGGED_SNAPSHOTS_AFTER: /^SEARCH snapshot USING INTEGER PRIMARY KEY \(rowid>\?\)$/,
  ALERTS_AFTER: /^SEARCH event USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/,
  LOGGED_EVENTS_AFTER: /^SEARCH event USING INTEGER PRIMARY KEY \(rowid>\?\)$/,
  SNAPSHOTS_AFTER: /^SEARCH snapshot USING INTEGER PRIMARY KEY \(rowid>\?\)$/,
  SNAPSHOTS_OF_STREAM: /SEARCH s USING INDEX snapshot_by_block \(<expr>=\? AND stream=\? AND rowid>\? AND rowid<\?\)$/,
  STREAMS_OF_BED: /USING COVERING INDEX stream_by_bed/,
  STREAMS_OF_STAY: /USING COVERING INDEX stream_by_stay/,
  MARKS_BETWEEN: /^SEARCH mark USING PRIMARY KEY \(minute>\? AND minute<\?\)$/,
  MARK_AFTER: /^SEARCH mark USING COVERING INDEX mark_by_seq \(seq>\?\)$/,
  STAYS_OPEN: /^SCAN stay USING INDEX stay_open \| SEARCH patient USING INTEGER PRIMARY KEY/,
  // From the newest on.
  STAYS_PAST: /^SEARCH stay USING INDEX stay_ended \(closed_at>\?\) \| SEARCH patient USING INTEGER PRIMARY KEY/,
  // All of them make the fold.
  FACTS: /^SCAN fact$/,
  // A few for each bed: all of it makes the house.
  STANDING: /^SCAN standing$/,
  REVISIONS_BETWEEN: /^SEARCH revision USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/,
  SUPERSEDED_BETWEEN: /^SEARCH revision USING COVERING INDEX revision_by_superseded \(supersedes>\? AND supersedes<\?\)$/,
  REVISED_NEWEST: /SCAN revision.*SEARCH s USING INTEGER PRIMARY KEY/,
  LAST_REISSUE: /^SEARCH reissue$/,
  FIRST_REISSUE: /^SCAN reissue$/,
  REMOVE_REISSUE: /^SEARCH reissue USING INTEGER PRIMARY KEY/,
  SEQS_OF_BLOCK: /^SEARCH snapshot USING COVERING INDEX snapshot_by_block \(<expr>=\?\)$/,
  SNAPSHOT: /^SEARCH snapshot USING INTEGER PRIMARY KEY/,
  STREAM_ROWS_OF_BED: /^SEARCH stream USING INDEX stream_by_bed \(bed=\?\)$/,
  // A few thousand names, once a step, and only for devices that go from bed to bed.
  STREAM_ROWS_OF_DEVICE: /^SCAN stream$/,
  IS_SUPERSEDED: /^SEARCH revision USING COVERING INDEX revision_by_superseded \(supersedes=\?\)$/,
  REVISION_OF: /^SEARCH revision USING INTEGER PRIMARY KEY/,
  OPEN_ALERTS: /^SCAN open_alert$/,
  EVENTS_OF_ALERT: /^SEARCH event USING INDEX event_by_alert \(alert_id=\?\)$/,
  GIVEN_SINCE: /^SEARCH event USING INTEGER PRIMARY KEY/,
  // Only after damage.
  ALERT_IDS: /^SEARCH event USING COVERING INDEX event_by_alert \(alert_id>\?\)$/,
  // A row for each device.
  QUARANTINE_DROPPED: /^SCAN quarantine_dropped$/,
  QUARANTINE_NEWEST: /^SCAN quarantine$/,
  QUARANTINE_FRAME: /^SEARCH quarantine USING INTEGER PRIMARY KEY/,
  QUARANTINE_HEADS: /^SCAN quarantine$/,
  // At most a thousand rows.
  QUARANTINE_PEERS: /^SEARCH quarantine USING INDEX quarantine_by_device \(device=\?\)$/,
  QUARANTINE_BEYOND: /^SCAN quarantine USING COVERING INDEX quarantine_by_time$/,
  STRIPS_OF_ALERT: /^SEARCH strip USING INDEX strip_by_alert \(alert_id=\?\)$/,
  REMOVE_QUARANTINED: /^SEARCH quarantine USING INTEGER PRIMARY KEY/,
  MARK_REPLAYED: /^SEARCH quarantine USING INTEGER PRIMARY KEY/,
  // Stays of some days, by two indexes.
  STAY_AT: /^MULTI-INDEX OR .*stay_open.*stay_ended/,
}

/** They look nothing up. */
const WITHOUT_PLAN = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)|^(CREATE_META|OPEN_ALERT|PUT_SEGMENT|PUT_STAY|PUT_REISSUE|PUT_STANDING|COUNT_DROPPED|ADD_\w+)$/

describe('the plan of', () => {
  using folder = tempFolder()
  using open = writing(folder.path)
  const db = new Database(join(folder.path, 'vigil.db'), { readonly: true })
  const names = Object.entries({ ...writerQueries, ...readerQueries, ...epochQueries, ...metaQueries, ...sealQueries, ...reissueQueries }).filter(([name]) => !WITHOUT_PLAN.test(name))
  const plans = names.map(([name, sql]) => {
    const parameters = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, parameter = '']) => [parameter, 1]))
    const steps = db.prepare<[object], { readonly detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(parameters)
    return [name, steps.map(({ detail }) => detail).join(' | ')] as const
  })
  db.close()
  open.writer.close()

  it.each(plans)('%s is the one that was thought of', (name, plan) => {
    expect(plan).toMatch(PLANS[name] ?? /a line in this test/)
  })

  it('every line of this test is of a question that is asked', () => {
    expect(Object.keys(PLANS).filter((name) => !plans.some(([known]) => known === name))).toEqual([])
  })
})
