import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bedId } from '../../src/domain/ids.ts'
import { driverOf } from '../../src/drivers.ts'
import type { ShiftSaying } from '../../src/pump/people.ts'
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
  return { standing: found.standing, events }
}

it('a replay tells the same people of the same alerts as the ward did, by what was said of the shift', async () => {
  using folder = tempFolder()
  const clock = clockOf()
  const ward = life(folder.path, clock)
  const say = (request: ShiftSaying) => ward.recorder.shift(request, 'carla', () => ward.pump.changeShift(request, 'carla'))
  const line = ward.connect('hl7', { address: '10.0.0.5:4000', device: null })
  let number = 0
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 5) {
      line.receive(message(number++, 190))
      await clock.pass(5_000)
      ward.tick()
      await ward.stored()
    }
  }
  say({ what: 'assign', nurse: 'anna', beds: [bedId('bed-1')] })
  say({ what: 'buddy', nurse: 'anna', buddy: 'ben' })
  say({ what: 'charge', nurse: 'carla' })
  await pass(140)
  say({ what: 'break', nurse: 'ben', minutes: 30 })
  say({ what: 'undo', version: ward.pump.people.shift?.version ?? 0 })
  await pass(200)
  await ward.end()

  const copy = join(folder.path, 'copy')
  const running = startReplay({ into: copy, driverOf, speed: null, from: null, to: null, device: null, realTime: clockOf(), log })
  for await (const read of readRecording(await recordingFiles(join(folder.path, 'data')))) if (read.kind === 'record') await running.take(read.record, new AbortController().signal)
  await running.end()
  const [original, again] = [saidIn(join(folder.path, 'data')), saidIn(copy)]
  const told = original.events.flatMap((stored) => (stored.kind === 'alert' && stored.event.kind === 'escalated' ? [stored.event.to] : []))
  expect(told).toEqual(['anna', 'ben', 'carla'])
  expect(original.standing.map(({ key }) => key)).toContain('shift')
  expect(again).toEqual(original)
})
