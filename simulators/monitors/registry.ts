/** The hospital's registry on the wire: soon after the ward begins it admits everybody who has a bed, one a second; who calls it may ask. */

import { createServer, type Socket } from 'node:net'
import { hashOf } from '../patients/random.ts'
import { createRegistry, type Person } from './hl7-adt.ts'
import { mllpWire } from './mllp.ts'
import { personOf, serialModel } from './models.ts'
import type { BedPlan, RegistryPlan } from './plan.ts'
import type { Wire, WireEvents } from './wire.ts'

/** MSH-3 of what it sends. */
export const REGISTRY_SENDER = 'REGISTRY'

export type RegistryStation = {
  readonly wire: Wire
  /** Once a second of the ward; `at`: what its clock shows, in ms since 1970. */
  readonly tick: (second: number, at: number) => void
}

/** Monitors are on before somebody types in who lies there. */
const FIRST_AT_S = 20

export function createRegistryStation({ host, port, ownPort }: RegistryPlan, beds: readonly BedPlan[], events: WireEvents): RegistryStation {
  const registry = createRegistry({ habit: 'modern', answers: 'after a word', lateMs: 3_000 })
  const telling = mllpWire({ host, port, name: 'registry' }, events)
  let now = 0
  const wire: Wire = {
    ...telling,
    async run(stop) {
      const asked = ownPort === undefined ? null : answering({ host, port: ownPort }, { hear: (bytes) => registry.hear(bytes, now), note: events.note, stop })
      await Promise.all([telling.run(stop), asked])
    },
  }
  const people = beds.flatMap(({ bed, patient, transport }) => {
    const isAtBed = transport.kind !== 'serial' || serialModel(transport.model ?? 'radical-7').place === 'bedside'
    const person = isAtBed ? personOf(patient) : null
    return person === null ? [] : [{ bed, person: registeredOf(person) }]
  })
  return {
    wire,
    tick(second, at) {
      now = at
      const next = people[second - FIRST_AT_S]
      if (next !== undefined) wire.offer(registry.admit(next.person, { unit: 'WARD', room: '', bed: next.bed }, at))
    },
  }
}

type Answering = { readonly hear: (bytes: Uint8Array) => readonly Uint8Array[]; readonly note: (line: string) => void; readonly stop: AbortSignal }

/** Until stopped. Who cannot listen says so, and the registry goes on telling. */
async function answering({ host, port }: { readonly host: string; readonly port: number }, { hear, note, stop }: Answering): Promise<void> {
  const callers = new Set<Socket>()
  const server = createServer((caller) => {
    callers.add(caller)
    caller.on('error', () => undefined)
    caller.on('close', () => callers.delete(caller))
    caller.on('data', (bytes: Buffer) => {
      for (const answer of hear(bytes)) caller.write(answer)
    })
  })
  const ended = Promise.withResolvers<void>()
  server.on('error', (error) => {
    note(`registry: takes no questions (${error.message})`)
    ended.resolve()
  })
  server.on('close', () => ended.resolve())
  const close = (): void => {
    for (const caller of callers) caller.destroy()
    server.close()
  }
  server.listen(port, host)
  if (stop.aborted) close()
  stop.addEventListener('abort', close, { once: true })
  await ended.promise
}

/** What nobody has said of a simulated patient follows from the number. */
function registeredOf({ mrn, family, given }: Pick<Person, 'mrn' | 'family' | 'given'>): Person {
  const seed = hashOf(mrn)
  const born = `${1935 + (seed % 60)}${String(1 + (seed % 12)).padStart(2, '0')}${String(1 + (seed % 28)).padStart(2, '0')}`
  return { mrn, laboratory: `L-${mrn}`, visit: `V-${mrn}`, family, given, born, sex: seed % 2 === 0 ? 'F' : 'M' }
}
