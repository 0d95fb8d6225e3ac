import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { retentionQueries } from '../../src/store/retention-queries.ts'
import { tempFolder } from './fixture.ts'
import { writing } from './writing.ts'

const PLANS: Readonly<Record<string, RegExp>> = {
  STATE: /^SEARCH retention USING INTEGER PRIMARY KEY/,
  RAISE_FLOOR: /^SEARCH meta USING INTEGER PRIMARY KEY/,
  UNSEAL: /^SEARCH segment USING (INTEGER PRIMARY KEY|INDEX)/,
  STAYS_NAMED: /^SEARCH stay USING INDEX stay_named \(closed_at<\?\)$/,
  UNNAME_STAY: /^SEARCH stay USING PRIMARY KEY/,
  FORGET_PATIENT: /^SEARCH patient USING INTEGER PRIMARY KEY/,
  REMOVE_FACT: /^SEARCH fact USING INTEGER PRIMARY KEY/,
  REMOVE_REVISIONS: /^SEARCH revision USING INTEGER PRIMARY KEY .* USING COVERING INDEX revision_by_superseded \(supersedes<\?\)/,
  REMOVE_FRAMES: /^SEARCH quarantine USING INTEGER PRIMARY KEY .* USING COVERING INDEX quarantine_by_time \(at<\?\)/,
  REMOVE_STRIPS: /^SEARCH strip USING INTEGER PRIMARY KEY .* USING COVERING INDEX strip_by_time \(at<\?\)/,
  REMOVE_STRIPS_OF: /^SEARCH strip USING (COVERING )?INDEX strip_by_alert \(alert_id=\?\)$/,
  STAYS_ENDED: /^SEARCH stay USING INDEX stay_ended \(closed_at<\?\)$/,
  STAY_KNOWN: /^SEARCH stay USING PRIMARY KEY/,
  REMOVE_STAY: /^SEARCH stay USING PRIMARY KEY/,
  STREAMS_OF_STAY: /USING COVERING INDEX stream_by_stay \(stay=\?\)$/,
  STREAMS_UNBOUND: /USING COVERING INDEX stream_by_stay \(stay=\?\)$/,
  SEQS_OF_STREAM: /SEARCH s USING COVERING INDEX snapshot_by_block \(<expr>=\? AND stream=\? AND rowid>\? AND rowid<\?\)$/,
  REMOVE_SNAPSHOT: /^SEARCH snapshot USING INTEGER PRIMARY KEY/,
  // In the order of the log, as far as the limit: one step of the tree and then row by row.
  FIRST_SNAPSHOT: /^SCAN snapshot$/,
  OLDEST_SNAPSHOTS: /^SCAN snapshot$/,
  EVENTS_AFTER: /^SEARCH event USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/,
  FIRST_OF_ALERT: /^SEARCH event USING INDEX event_by_alert \(alert_id=\?\)$/,
  ALERT_IS_OPEN: /^SEARCH open_alert USING PRIMARY KEY/,
  REMOVE_EVENT: /^SEARCH event USING INTEGER PRIMARY KEY/,
  OLDEST_EVENTS: /^SEARCH event USING INTEGER PRIMARY KEY \(rowid<\?\)$/,
  MARK_UP_TO_MINUTE: /^SEARCH mark USING PRIMARY KEY \(minute<\?\)$/,
  MARK_AFTER_MINUTE: /^SCAN mark USING COVERING INDEX mark_by_seq$/,
  MARK_FROM_MINUTE: /^SEARCH mark USING PRIMARY KEY \(minute>\?\)$/,
  MARK_UP_TO_SEQ: /^SEARCH mark USING COVERING INDEX mark_by_seq \(seq<\?\)$/,
  REMOVE_MARKS: /^SEARCH mark USING COVERING INDEX mark_by_seq \(seq=\?\) .* USING COVERING INDEX mark_by_seq \(seq<\?\)/,
}

const WITHOUT_PLAN = /^(PAGES|FREE_PAGES|PUT_STATE|SET_UNBOUND)$/

describe('the plan of', () => {
  using folder = tempFolder()
  writing(folder.path).writer.close()
  const db = new Database(join(folder.path, 'vigil.db'), { readonly: true })
  const plans = Object.entries(retentionQueries).filter(([name]) => !WITHOUT_PLAN.test(name)).map(([name, sql]) => {
    const parameters = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, parameter = '']) => [parameter, 1]))
    const explain = db.prepare<unknown[], { readonly detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    const steps = sql.includes('?') ? explain.all(1) : explain.all(parameters)
    return [name, steps.map(({ detail }) => detail).join(' | ')] as const
  })
  db.close()

  it.each(plans)('%s is the one that was thought of', (name, plan) => {
    expect(plan).toMatch(PLANS[name] ?? /a line in this test/)
  })

  it('every line of this test is of a question that is asked', () => {
    expect(Object.keys(PLANS).filter((name) => !plans.some(([known]) => known === name))).toEqual([])
  })
})
