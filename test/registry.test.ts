/** The gateway asks the simulated registry over a real wire. */

import { once } from 'node:events'
import { type Socket, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type HospitalRegistry, createRegistry as createHospital } from '../simulators/monitors/hl7-adt.ts'
import { linkLimits } from '../src/limits.ts'
import { type Registry, type RegistrySetting, createRegistry } from '../src/registry.ts'
import { fakeClock } from './fakes/clock.ts'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})
const stop = new AbortController().signal
const AT = Date.UTC(2026, 3, 1, 8)

async function registryOf(hospital: Pick<HospitalRegistry, 'hear'>, over: Partial<RegistrySetting> = {}): Promise<Registry> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      for (const answer of hospital.hear(bytes, AT)) socket.write(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return createRegistry({ host: '127.0.0.1', port, dialect: 'A19', application: 'REGISTRY', facility: 'HOSPITAL', authority: '', timeoutMs: 60_000, ...over }, fakeClock())
}

const hospital = (answers: 'after a word' | 'refuses' = 'after a word'): HospitalRegistry => {
  const made = createHospital({ habit: 'modern', answers })
  made.admit({ mrn: '1001', laboratory: 'L-1', visit: 'V-1', family: 'Quist', given: 'Pelle', born: '19620401', sex: 'M' }, { unit: 'ICU', room: '1', bed: '2' }, AT)
  return made
}

describe('the registry', () => {
  it.each(['A19', 'Q22'] as const)('says by %s whose wristband it is, again and again', async (dialect) => {
    const registry = await registryOf(hospital(), { dialect })
    const patient = { identity: { mrn: '1001', name: 'Quist, Pelle', bornOn: '1962-04-01', sex: 'M' }, location: 'ICU^1^2', visit: 'V-1' }
    for (let round = 0; round < 3; round++) {
      expect(await registry.ask({ by: 'number', number: '1001' }, stop)).toEqual({ kind: 'found', patients: [patient], isMore: false })
    }
    expect(await registry.ask({ by: 'number', number: '1002' }, stop)).toEqual({ kind: 'nobody' })
  })

  it('that says nothing, or is not there, says nothing of anybody: unknown is not nobody', async () => {
    const silent = await registryOf({ hear: () => [] }, { timeoutMs: 50 })
    expect(await silent.ask({ by: 'number', number: '1001' }, stop)).toEqual({ kind: 'unknown', why: 'The registry does not answer (no answer within 0.05 s).' })
    const gone = await registryOf(hospital(), { port: 1 })
    expect(await gone.ask({ by: 'number', number: '1001' }, stop)).toMatchObject({ kind: 'unknown' })
    expect(await (await registryOf(hospital('refuses'))).ask({ by: 'number', number: '1001' }, stop)).toMatchObject({ kind: 'refused' })
  })

  it('is asked so many things at one time, and one more not', async () => {
    const waiting = await registryOf({ hear: () => [] }, { timeoutMs: 300 })
    const asked = Array.from({ length: linkLimits.questionsMax + 1 }, (_, index) => waiting.ask({ by: 'number', number: String(index) }, stop))
    const last = asked.pop()
    expect(await last).toEqual({ kind: 'unknown', why: 'Too many questions to the registry are under way: ask again.' })
    expect((await Promise.all(asked)).every((answer) => answer.kind === 'unknown' && answer.why.includes('does not answer'))).toBe(true)
    expect(await waiting.ask({ by: 'number', number: '1' }, stop)).toMatchObject({ why: expect.stringContaining('does not answer') })
  })
})
