import { expect, it } from 'vitest'
import { BOOT_KEY, beginBoot, toldBoot } from '../../src/domain/boot-time.ts'
import { wallMs } from '../../src/domain/time.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { gatewayEvent, heartRate, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const DAY = 86_400_000

it('the reader that sync reads with gives rows of before the time was known their true times', () => {
  using folder = tempFolder()
  using store = writing(folder.path)
  const wrong = heartRate(80)
  const boot = beginBoot('one', 1, { wall: wallMs(wrong.receivedAt - 1_000), uptimeMs: 5_000 })
  store.write(tick({ snapshots: [wrong], events: [gatewayEvent('started')] }))
  const read = () => {
    using reader = openLogReader(folder.path)
    return reader.read(0, 10)
  }
  const before = read()
  const told = toldBoot(boot, { wall: wallMs(wrong.receivedAt + 60_000 + DAY), uptimeMs: 66_000 }, 2)
  store.write(tick({ standing: [{ key: `${BOOT_KEY}1`, at: boot.from, value: told }] }))
  const after = read()
  expect(told.byMs).toBe(DAY)
  expect(after.map((row) => (row.kind === 'snapshot' ? row.snapshot.receivedAt : row.stored.at))).toEqual(before.map((row) => (row.kind === 'snapshot' ? row.snapshot.receivedAt : row.stored.at) + DAY))
})
