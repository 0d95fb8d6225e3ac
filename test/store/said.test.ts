import { expect, it } from 'vitest'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { openReaderDatabase } from '../../src/store/database.ts'
import { readSaid } from '../../src/store/said.ts'
import { openHistory } from '../../src/store/history.ts'
import { WATCHED } from '../../src/rules/armed.ts'
import { gatewayEvent, heartRate, phase, START, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

it('alerts and watch ledger of a time are summed up where they are read, among all else that the log holds', async () => {
  using folder = tempFolder()
  const at = writing(folder.path)
  const changes = WATCHED.map((rule) => ({ bed: bedId('bed-1'), stay: stayId('stay-1'), rule, from: START, state: 'commissioning' as const }))
  at.write(tick({ events: [{ at: START, kind: 'watch', changes, subject: { bed: bedId('bed-1'), stay: stayId('stay-1'), device: null } }, gatewayEvent('something else')], snapshots: [heartRate(70)] }))
  at.write(tick({ events: [phase('alert-1', 'active')], snapshots: [heartRate(71, { receivedAt: START + 1_000 })] }))
  at[Symbol.dispose]()
  const history = openHistory(folder.path)
  const read = await history.said({ from: START, to: wallMs(START + 86_400_000) }, [{ id: bedId('bed-1'), label: '1' }])
  expect(read).toMatchObject({ kind: 'figures', figures: { bedDays: 1, alerts: 1, perBedDay: 1, isCut: false } })
  await history.close()
  // Three events lie there: with as many there may be more, with one more room there are not.
  const { db } = openReaderDatabase(folder.path)
  const time = { from: START, to: wallMs(START + 86_400_000) }
  expect([readSaid(db, time, 3).isCut, readSaid(db, time, 4).isCut]).toEqual([true, false])
  db.close()
})
