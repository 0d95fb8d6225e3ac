/**
 * The hospital's registry on the wire: soon after the ward begins it admits everybody who has a bed, one a second, and a guest to the bed that changes
 * hands; who calls it may ask.
 */

import { createServer, type Socket } from 'node:net'
import { hashOf } from '../patients/random.ts'
import { createRegistry, type Person } from './hl7-adt.ts'
import { mllpWire } from './mllp.ts'
import { personOf, serialModel } from './models.ts'
import type { BedPlan, GuestBed, RegistryPlan } from './plan.ts'
import type { Wire, WireEvents } from './wire.ts'

/** MSH-3 of what it sends. */
export const REGISTRY_SENDER = 'REGISTRY'

export type RegistryStation = {
  readonly wire: Wire
  /** Once a second of the ward; `at`: what its clock shows, in ms since 1970. */
  readonly tick: (second: number, at: number) => void
}

const UNIT = 'WARD'

const GUESTS = ['Yara Acacia', 'Zeno Bamboo', 'Anouk Cypress', 'Benno Dogwood', 'Cilla Fig', 'Doro Ginkgo', 'Emil Hickory', 'Frida Ironwood'] as const

/** Beyond the list the first come back: a hospital knows many by their number. */
function guestOf(round: number): Person {
  const place = round % GUESTS.length
  const [given = '', family = ''] = (GUESTS[place] ?? '').split(' ')
  return registeredOf({ mrn: `GUEST-${String(place + 1).padStart(4, '0')}`, family, given })
}

/** Monitors are on before somebody types in who lies there. */
const FIRST_AT_S = 20

export function createRegistryStation({ host, port, ownPort, guests, admits = 'everybody' }: RegistryPlan, beds: readonly BedPlan[], events: WireEvents): RegistryStation {
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
  const people = (admits === 'everybody' ? beds : []).flatMap(({ bed, patient, transport }) => {
    if (bed === guests?.bed) return []
    const isAtBed = transport.kind !== 'serial' || serialModel(transport.model ?? 'radical-7').place === 'bedside'
    const person = isAtBed ? personOf(patient) : null
    return person === null ? [] : [{ bed, person: registeredOf(person) }]
  })
  const turnOver = ({ bed, stayS, emptyS }: GuestBed, second: number, at: number): void => {
    const [round, since] = [Math.floor(second / (stayS + emptyS)), second % (stayS + emptyS)]
    // Who leaves a bed that is never empty leaves it before the next one comes.
    if (since === stayS % (stayS + emptyS) && second > 0) wire.offer(registry.discharge(guestOf(emptyS === 0 ? round - 1 : round).mrn, at))
    if (since === 0) wire.offer(registry.admit(guestOf(round), { unit: UNIT, room: '', bed }, at))
  }
  return {
    wire,
    tick(second, at) {
      now = at
      const next = people[second - FIRST_AT_S]
      if (next !== undefined) wire.offer(registry.admit(next.person, { unit: UNIT, room: '', bed: next.bed }, at))
      if (guests !== undefined && second >= FIRST_AT_S) turnOver(guests, second - FIRST_AT_S, at)
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
