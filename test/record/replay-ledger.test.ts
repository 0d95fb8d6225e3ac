import { join } from 'node:path'
import { expect, it } from 'vitest'
import { driverOf } from '../../src/drivers.ts'
import type { AssociationRequest } from '../../src/pump/ledger-hands.ts'
import { readRecording, recordingFiles } from '../../src/record/reader.ts'
import { startReplay } from '../../src/record/replay.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { readOpening } from '../../src/store/opening.ts'
import { tempFolder } from '../store/fixture.ts'
import { clockOf, life, log, message } from './ward.ts'

const A = { mrn: 'A', name: 'Meyer^Anna' }

function learnedIn(folder: string) {
  const found = readOpening(folder)
  if (found.kind === 'refused') throw new Error(found.why)
  using reader = openLogReader(folder)
  const whose = reader.read(0, 10_000).flatMap((row) => (row.kind === 'snapshot' ? [[row.seq, row.snapshot.stay, row.supersedes ?? null]] : []))
  return { facts: found.facts, stays: found.stays, pastStays: found.pastStays, whose }
}

it('a replay comes to the same facts and stays as the ward did, by what people said of who lies where', async () => {
  using folder = tempFolder()
  const clock = clockOf()
  const ward = life(folder.path, clock)
  const say = (request: AssociationRequest, by: string) => ward.recorder.associate(request, by, () => ward.pump.associate(request, by))
  const line = ward.connect('hl7', { address: '10.0.0.5:4000', device: null })
  const speak = async (seconds: number, first: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      line.receive(message(first + second, 80))
      await clock.pass(1_000)
      ward.tick()
      await ward.stored()
    }
  }
  await speak(3, 0)
  say({ what: 'scan', bed: 'bed-1', patient: A }, 'Ana')
  await speak(3, 10)
  const proposed = say({ what: 'type', bed: 'bed-2', patient: { mrn: 'B', name: null } }, 'Ana')
  if (proposed.kind !== 'proposed') throw new Error('not proposed')
  await speak(2, 20)
  say({ what: 'confirm', fact: proposed.fact }, 'Bert')
  say({ what: 'unassign', bed: 'bed-1' }, 'Ana')
  await speak(3, 30)
  ward.recorder.forgetting(clock.wall(), () => ward.pump.whose.forgetOver(clock.wall()))
  await ward.end()

  const copy = join(folder.path, 'copy')
  const running = startReplay({ into: copy, driverOf, speed: null, from: null, to: null, device: null, realTime: clockOf(), log })
  for await (const read of readRecording(await recordingFiles(join(folder.path, 'data')))) if (read.kind === 'record') await running.take(read.record, new AbortController().signal)
  await running.end()
  const [original, again] = [learnedIn(join(folder.path, 'data')), learnedIn(copy)]
  expect(original.facts.map(({ source, body }) => [source, body.kind])).toEqual(expect.arrayContaining([['scan', 'placed'], ['hand', 'placed'], ['hand', 'confirmed'], ['hand', 'unassigned']]))
  expect(original.pastStays.map(({ identity }) => identity?.mrn)).toContain('A')
  expect(again).toEqual(original)
})
