import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/domain/delivery.ts'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { storeLimits } from '../../src/limits.ts'
import type { StoredEvent } from '../../src/seams.ts'
import { openReaderDatabase } from '../../src/store/database.ts'
import { readDeliveries } from '../../src/store/deliveries.ts'
import { readOpening } from '../../src/store/opening.ts'
import { acknowledged, START, phase, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const received = (alert: string, change: Partial<Delivery> = {}): StoredEvent => {
  const at = change.at ?? wallMs(START + 1_000)
  return {
    at, kind: 'delivery',
    delivery: { alertId: alertId(alert), way: 'pagers', step: 'sent', address: '4711', by: null, note: 'm1', ...change, at },
    subject: { bed: bedId('bed-1'), stay: stayId('stay-1'), device: deviceId('monitor-1') },
  }
}

function stored<Read>(events: readonly StoredEvent[], read: (folder: string) => Read): Read {
  using folder = tempFolder()
  using open = writing(folder.path)
  open.write(tick({ events }))
  return read(folder.path)
}

const read = (events: readonly StoredEvent[], alert: string, bounds = storeLimits) =>
  stored(events, (folder) => {
    const { db } = openReaderDatabase(folder)
    const kept = readDeliveries(db, alert, bounds)
    db.close()
    return kept
  })

describe('receipts in the log', () => {
  it('are read back with their alert, whole and in order, also when it is over', () => {
    const events = [phase('a', 'active'), received('a'), received('b'), received('a', { way: 'screen', step: 'displayed', address: '', by: 'station', note: null }), acknowledged('a', 'Nora', wallMs(START + 2_000)), phase('a', 'inactive')]
    const kept = read(events, 'a')
    expect(kept.deliveries.map(({ way, step, address, by, note, at }) => [way, step, address, by, note, at - START])).toEqual([
      ['vigil', 'raised', '', null, null, 0],
      ['pagers', 'sent', '4711', null, 'm1', 1_000],
      ['screen', 'displayed', '', 'station', null, 1_000],
      ['screen', 'accepted', '', 'Nora', null, 2_000],
    ])
    expect([kept.damaged, kept.isCut]).toEqual([[], false])
  })

  it('are found at the start, of alerts that are open and of no others, and are no events of the alert', () => {
    const opening = stored([phase('open', 'active'), received('open'), phase('over', 'active'), received('over'), phase('over', 'inactive'), received('test-1')], readOpening)
    if (opening.kind !== 'read') throw new Error(opening.why)
    expect([opening.openDeliveries.map(({ alertId: id, step }) => [id, step]), opening.openAlertEvents.map(({ kind, alertId: id }) => [kind, id]), opening.damaged]).toEqual([[['open', 'sent']], [['phase', 'open']], []])
  })

  it('of more than are shown at once the newest are missing, and that is said', () => {
    const many = Array.from({ length: 4 }, (_, nth) => received('a', { address: String(nth) }))
    const kept = read(many, 'a', { ...storeLimits, deliveriesPerAnswerMax: 3 } as never)
    expect([kept.deliveries.map(({ address }) => address), kept.isCut]).toEqual([['0', '1', '2'], true])
  })
})
