import { describe, expect, it } from 'vitest'
import { deviceId, stayId } from '../../src/domain/ids.ts'
import type { MedicationGiven } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { storeLimits } from '../../src/limits.ts'
import type { StoredEvent } from '../../src/seams.ts'
import { openReaderDatabase } from '../../src/store/database.ts'
import { readGiven } from '../../src/store/given.ts'
import { START, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const given = (minute: number, change: Partial<MedicationGiven> = {}, stay: string | null = 'stay-1'): StoredEvent => ({
  at: wallMs(START + minute * 60_000),
  kind: 'given',
  given: { id: `o-${minute}`, code: 'N02BE01', system: 'ATC', name: 'Paracetamol', route: 'IV', from: null, until: null, status: 'complete', action: 'added', flags: [], ...change },
  subject: { bed: null, stay: stay === null ? null : stayId(stay), device: deviceId('pharmacy') },
})
const other: StoredEvent = { at: START, kind: 'gateway', what: 'medicine given away', subject: { bed: null, stay: stayId('stay-1'), device: null } }

function readOf(events: readonly StoredEvent[], from: number, bounds = storeLimits) {
  using folder = tempFolder()
  using open = writing(folder.path)
  open.write(tick({ events }))
  const { db } = openReaderDatabase(folder.path)
  const read = readGiven(db, { stay: 'stay-1', from }, bounds)
  db.close()
  return read
}

describe('medicines given', () => {
  it('are those of one stay, the newest first, and no other event', () => {
    const read = readOf([given(1), given(2, {}, 'stay-2'), other, given(3), given(4, {}, null)], START)
    expect(read.given.map(({ id, at }) => [id, at])).toEqual([['o-3', START + 180_000], ['o-1', START + 60_000]])
    expect([read.damaged, read.isCut]).toEqual([[], false])
  })

  it('an order that is said again takes the place of what was said of it before; without a number each is its own', () => {
    const read = readOf([given(1, { id: 'o' }), given(2, { id: 'o', action: 'deleted' }), given(3, { id: '' }), given(4, { id: '' })], START)
    expect(read.given.map(({ id, action }) => [id, action])).toEqual([['', 'added'], ['', 'added'], ['o', 'deleted']])
  })

  it('of before are left out, and of more than are shown the oldest', () => {
    expect(readOf([given(1), given(2)], START + 90_000).given).toHaveLength(1)
    const cut = readOf([given(1), given(2), given(3)], START, { ...storeLimits, givenRowsMax: 2 } as never)
    expect([cut.given.map(({ id }) => id), cut.isCut]).toEqual([['o-3', 'o-2'], true])
  })
})
