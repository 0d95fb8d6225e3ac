/** The watch ledger on its way to central: so that central can tell "nothing wrong" from "nobody watched". */

import { expect, it } from 'vitest'
import { surrogate } from '../../src/domain/batch.ts'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { WatchState } from '../../src/domain/watch.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import { createScanner } from '../../src/sync/scanner.ts'
import type { Surrogates } from '../../src/sync/ledger.ts'
import { EPOCH, START } from './fakes.ts'

const SUBJECT = surrogate('1'.padStart(32, '0'))
const surrogates: Surrogates = { of: (kind) => (kind === 'stay' ? SUBJECT : surrogate('2'.padStart(32, '0'))), sensorOf: () => 0, subjectOfAlert: () => null, rememberAlert: () => undefined }

function watchRow(stay: string | null, changes: readonly (readonly [rule: string, state: WatchState, from: number])[]): LoggedRow {
  const subject = { bed: bedId('bed-7'), stay: stay === null ? null : stayId(stay), device: null }
  return { kind: 'event', seq: 12, stored: { at: wallMs(START), kind: 'watch', subject, changes: changes.map(([rule, state, from]) => ({ bed: subject.bed, stay: subject.stay, rule, state, from: wallMs(from) })) } }
}

const compile = (row: LoggedRow) => compileLive([row], { gatewayId: 'gw', epoch: EPOCH, surrogates })

it('is an event of columns for each stay, in closed words, and passes the scanner of a ward that is called by them', () => {
  const { events, withheld } = compile(watchRow('stay-1', [['limits/spo2', 'gateway-down', START - 60_000], ['limits/spo2', 'armed', START], ['bed of Jane Doe', 'armed', START]]))
  const [sent] = events.map(({ event }) => JSON.parse(JSON.stringify(event)))
  expect(sent).toEqual({
    streamId: surrogates.of('gateway', 'gw'), eventType: 'gaps', partitionKey: SUBJECT, key: `gw/${EPOCH}/${SUBJECT}/gaps/12-12/0`, revision: 0,
    data: { rule: ['limits/spo2', 'limits/spo2'], state: ['gateway-down', 'armed'], t: [-60_000, 0] }, timestamp: new Date(START).toISOString(),
  })
  expect(withheld).toEqual([])
  const scanner = createScanner(['gw', EPOCH])
  scanner.learn(['armed', 'limits', 'gateway'])
  expect(scanner.scan(sent)).toEqual({ kind: 'clean' })
})

it('of a bed where nobody lies stays here, and is counted', () => {
  expect(compile(watchRow(null, [['score', 'empty', START]]))).toMatchObject({ events: [], withheld: [{ reason: 'no-stay', rows: 1, readings: 0 }] })
})
