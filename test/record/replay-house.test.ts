import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bedId } from '../../src/domain/ids.ts'
import { driverOf } from '../../src/drivers.ts'
import type { HouseRequest } from '../../src/pump/house-requests.ts'
import { readRecording, recordingFiles } from '../../src/record/reader.ts'
import { startReplay } from '../../src/record/replay.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { readOpening } from '../../src/store/opening.ts'
import { tempFolder } from '../store/fixture.ts'
import { clockOf, life, log, message } from './ward.ts'

function saidIn(folder: string) {
  const found = readOpening(folder)
  if (found.kind === 'refused') throw new Error(found.why)
  using reader = openLogReader(folder)
  const events = reader.read(0, 10_000).flatMap((row) => (row.kind === 'event' ? [row.stored] : []))
  return { standing: found.standing, stays: found.stays, events }
}

it('a replay comes to the same beds, goals, alerts and watch ledger as the ward did, by what people said of them', async () => {
  using folder = tempFolder()
  const clock = clockOf()
  const ward = life(folder.path, clock)
  const say = (request: HouseRequest) => ward.recorder.house(request, 'Ana', () => ward.pump.sayHouse(request, 'Ana'))
  const line = ward.connect('hl7', { address: '10.0.0.5:4000', device: null })
  const ONE = bedId('bed-1')
  let number = 0
  const pass = async (seconds: number, hr: number | null): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      if (hr !== null) line.receive(message(number++, hr))
      await clock.pass(1_000)
      ward.tick()
      await ward.stored()
    }
  }
  await pass(20, 178)
  const stay = ward.pump.beds.get(ONE)?.stay
  if (!stay) throw new Error('nobody there')
  expect(say({ what: 'goal', stay: stay.id, goal: 'comfort', decidedBy: 'Dr. Osei', reason: 'as agreed', reviewHours: 24 })).toEqual({ kind: 'done' })
  expect(say({ what: 'bed', bed: ONE, state: 'away', reason: 'imaging', words: 'CT', minutes: 30 })).toEqual({ kind: 'done' })
  await pass(20, null)
  expect(ward.pump.house.markOf(ONE)?.phase).toBe('in-force')
  await pass(15, 178)
  say({ what: 'bed', bed: bedId('bed-2'), state: 'cleaning' })
  say({ what: 'mode', mode: 'maintenance', words: 'new switch', minutes: 10 })
  await pass(5, 80)
  await ward.end()

  const copy = join(folder.path, 'copy')
  const running = startReplay({ into: copy, driverOf, speed: null, from: null, to: null, device: null, realTime: clockOf(), log })
  for await (const read of readRecording(await recordingFiles(join(folder.path, 'data')))) if (read.kind === 'record') await running.take(read.record, new AbortController().signal)
  await running.end()
  const [original, again] = [saidIn(join(folder.path, 'data')), saidIn(copy)]
  expect(original.standing.map(({ key }) => key).toSorted()).toEqual(expect.arrayContaining(['bed/bed-2', 'mode']))
  expect(original.events.flatMap((event) => (event.kind === 'gateway' ? [event.what] : []))).toEqual(expect.arrayContaining([expect.stringContaining('rules suspended'), 'bed state occupied: a valid value came']))
  expect(again).toEqual(original)
})
