import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { expect, it } from 'vitest'
import { openLogReader } from '../../src/store/log-reader.ts'
import { tempFolder } from '../store/fixture.ts'

const CHILD = new URL('./child-store.ts', import.meta.url).pathname
const KILLS = 3

/** Lets it write until so many are acknowledged, kills it, and answers what it had said by then: number of the tick → seq. */
async function killed(folder: string, from: number, acknowledgementsMin: number): Promise<Map<number, number>> {
  const child = spawn(process.execPath, [CHILD, folder, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.split('\n').length > acknowledgementsMin) child.kill('SIGKILL')
  })
  await ended
  return new Map([...said.matchAll(/^stored (\d+) (\d+)\n/gm)].map(([, id, seq]) => [Number(id), Number(seq)]))
}

it(`after ${KILLS} kills in mid-write every acknowledged reading is there under its number, and none twice`, async () => {
  using folder = tempFolder()
  const acknowledged = new Map<number, number>()
  for (let kill = 0; kill < KILLS; kill++) {
    for (const [id, seq] of await killed(folder.path, kill * 1_000_000, randomInt(30, 400))) acknowledged.set(id, seq)
  }
  using reader = openLogReader(folder.path)
  const stored = reader.read(0, 1_000_000).flatMap((row) => {
    const measurement = row.kind === 'snapshot' ? row.snapshot.observations[0]?.measurement : undefined
    return measurement?.kind === 'measured' ? [[measurement.value, row.seq] as const] : []
  })
  expect(acknowledged.size).toBeGreaterThan(KILLS * 20)
  expect(reader.damaged()).toEqual([])
  expect(new Set(stored.map(([id]) => id)).size).toBe(stored.length)
  const found = new Map(stored)
  expect([...acknowledged].filter(([id, seq]) => found.get(id) !== seq)).toEqual([])
})
