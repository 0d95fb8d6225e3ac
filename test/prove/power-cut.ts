/**
 * The power fails at any moment: whatever of the unsynced bytes reached the disk, all that was acknowledged before is there,
 * whole, through the product's own reader. The gateway is traced once for each input path; the cuts are made afterwards, on
 * copies. Control: synchronous=NORMAL, which SQLite is run with by everybody else, must lose some.
 *
 * Out of scope: sync.db, which is derived, and entries of folders (see disk-image.ts).
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pumpLimits } from '../../src/limits.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { StoreUnreadable } from '../../src/store/database.ts'
import { openStore } from '../../src/store/store.ts'
import { lacking, programPath } from '../parts.ts'
import { DiskImage } from './disk-image.ts'
import { ProveWard, hospitalHeard, proveFolder } from './gateway.ts'
import { mosquitto, startHospital } from './hospital.ts'
import { Ledger, holdingsOf } from './oracle.ts'
import { CONTROL_ID, type Transport } from './payload.ts'
import { type Prove, type ProveSetting, randomOf } from './prove.ts'
import { rest } from './senders.ts'
import { type TraceEvent, readTrace, traceEnded, traceTo } from './trace.ts'
import { acknowledgements } from './wal-order.ts'

const DEVICES = 3
const NORMAL = join(import.meta.dirname, 'controls', 'synchronous-normal.ts')
/** The store is opened by the product itself after each so many cuts: it takes a thread each time. */
const REOPEN_EVERY = 50

type Trial = {
  readonly paths: readonly Transport[]
  readonly messages: number
  /** How often the gateway is started and stopped. */
  readonly lives: number
  readonly cuts: number
  readonly imports?: readonly string[]
}
const NOTHING = { cuts: 0, acknowledged: 0, cutsThatLost: 0, lost: 0, corrupt: 0, torn: 0, reopened: 0, refused: 0 }
type Outcome = typeof NOTHING & { readonly checkpoints: number }

export const prove: Prove = async (setting) => {
  const why = lacking('strace', programPath('strace') !== undefined)
  if (why !== null) return { kind: 'skipped', why }
  const paths: readonly Transport[] = ['mllp', 'mqtt', ...(mosquitto === undefined ? [] : ['hospital' as const])]
  const all = { paths, messages: 108, lives: 1, cuts: 100 }
  const trials = setting.quick ? [all] : paths.map((path) => ({ paths: [path], messages: 450, lives: 2, cuts: 2_000 }))
  const figures: Record<string, number | string> = {}
  let pass = true
  for (const trial of trials) {
    const outcome = await tried(trial, setting)
    const name = trial.paths.join('+')
    setting.say(`${name}: ${JSON.stringify(outcome)}`)
    pass &&= outcome.lost + outcome.corrupt + outcome.torn + outcome.refused === 0 && outcome.acknowledged === trial.messages && outcome.reopened > 0
    figures[`${name}: cuts`] = outcome.cuts
    figures[`${name}: acknowledged and lost, corrupt, torn`] = `${outcome.lost}, ${outcome.corrupt}, ${outcome.torn}`
    figures[`${name}: messages, check-points in the trace`] = `${outcome.acknowledged}, ${outcome.checkpoints}`
    figures[`${name}: opened by the gateway's store`] = `${outcome.reopened} of ${outcome.reopened + outcome.refused}`
  }
  const control = await tried({ paths: ['mllp'], messages: 90, lives: 1, cuts: setting.quick ? 60 : 500, imports: [NORMAL] }, setting)
  figures['control: cuts that lost something acknowledged'] = `${control.cutsThatLost} of ${control.cuts}`
  return { kind: 'judged', pass, figures, control: { ran: true, failed: control.lost > 0 } }
}

async function tried(trial: Trial, { seed }: ProveSetting): Promise<Outcome> {
  const { events, acknowledgedBy } = await traced(trial)
  const random = randomOf(seed)
  const places = Array.from({ length: trial.cuts }, () => random.int(events.length)).sort((a, b) => a - b)
  const outcome = { ...NOTHING, checkpoints: checkpointsIn(events) }
  const disk = new DiskImage()
  const acknowledged = new Set<number>()
  const folder = proveFolder()
  try {
    for (const [at, event] of events.entries()) {
      for (; places[0] === at; places.shift()) await judgeCut(join(folder, 'data'), disk.cut(random), acknowledged, outcome)
      if (event.kind === 'sent') for (const id of acknowledgedBy(event)) acknowledged.add(id)
      disk.apply(event)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  outcome.acknowledged = acknowledged.size
  return outcome
}

async function judgeCut(folder: string, files: ReadonlyMap<string, Buffer>, acknowledged: ReadonlySet<number>, outcome: Outcome): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
  outcome.cuts++
  const found = lookInto(folder)
  const lost = [...acknowledged].filter((id) => !found.rows.has(id)).length
  outcome.lost += lost
  if (lost > 0) outcome.cutsThatLost++
  outcome.corrupt += found.corrupt
  outcome.torn += found.torn
  if (outcome.cuts % REOPEN_EVERY !== 0) return
  const opened = await openStore({ folder, kind: 'real', gatewayId: 'prove', clock: realClock(REAL_TIME) })
  if (opened.kind === 'opened') await opened.store.close()
  outcome[opened.kind === 'opened' ? 'reopened' : 'refused']++
}

/** A transaction holds a message's values and its identity: one without the other is a torn one. */
function lookInto(folder: string): { readonly rows: ReadonlyMap<number, number>; readonly corrupt: number; readonly torn: number } {
  try {
    const { rows, devices, corrupted, damaged } = holdingsOf(folder)
    if (rows.size === 0) return { rows, corrupt: 0, torn: 0 }
    using db = disposable(new Database(join(folder, 'vigil.db'), { readonly: true }))
    const isWhole = db.pragma('integrity_check', { simple: true }) === 'ok'
    const identities = db.prepare<[], string>('SELECT control_id FROM message').pluck().all()
    const known = new Set(identities.flatMap((text) => [...text.matchAll(CONTROL_ID)].map(([, id]) => Number(id))))
    // The store keeps the newest identities of each device.
    const byDevice = Map.groupBy(rows.keys(), (id) => devices.get(id))
    const remembered = [...byDevice.values()].flatMap((ids) => ids.sort((one, other) => one - other).slice(-pumpLimits.messagesRememberedPerDevice))
    const torn = [...known].filter((id) => !rows.has(id)).length + remembered.filter((id) => !known.has(id)).length
    return { rows, corrupt: corrupted + damaged + (isWhole ? 0 : 1), torn }
  } catch (error) {
    // The power may go before the database is made; whether anything was acknowledged by then is judged above.
    if (error instanceof StoreUnreadable) return { rows: new Map(), corrupt: 0, torn: 0 }
    if (error instanceof Database.SqliteError) return { rows: new Map(), corrupt: 1, torn: 0 }
    throw error
  }
}

const disposable = (db: Database.Database): Database.Database & Disposable => Object.assign(db, { [Symbol.dispose]: () => void db.close() })

const checkpointsIn = (events: readonly TraceEvent[]): number => events.filter((event) => event.kind === 'sync' && event.file.endsWith('vigil.db')).length

type Traced = { readonly events: readonly TraceEvent[]; readonly acknowledgedBy: ReturnType<ReturnType<typeof acknowledgements>> }

/** The gateway takes messages on these paths, in one life or several; each is acknowledged before it ends. */
async function traced({ paths, messages, lives, imports = [] }: Trial): Promise<Traced> {
  const folder = proveFolder()
  try {
    await using hospital = paths.includes('hospital') ? await startHospital() : null
    // One publisher through the hospital's broker: so the order in which it hands over is known.
    const devices = Object.fromEntries(paths.map((path) => [path, path === 'hospital' ? 1 : DEVICES]))
    await using ward = await ProveWard.open({ devices, ...(hospital ? { hospitalPort: hospital.port } : {}) })
    const ledger = new Ledger()
    const published = new Map<number, number[]>()
    const throughHospital: number[] = []
    const events: TraceEvent[] = []
    for (let life = 0; life < lives; life++) {
      const file = join(folder, `trace-${life}`)
      const gateway = await ward.start({ imports, strace: traceTo(file) })
      if (hospital) await hospitalHeard(gateway)
      await Promise.all(
        ward.devices.map(async (device) => {
          const sender = ward.senderOf(device, ledger)
          const ids: number[] = []
          const share = messages / paths.length / lives / (device.transport === 'hospital' ? 1 : DEVICES)
          while (ids.length < share) ids.push(await sender.deliver(new AbortController().signal))
          for (const port of sender.ports) published.set(port, [...(published.get(port) ?? []), ...ids])
          if (device.transport === 'hospital') throughHospital.push(...ids)
          sender.close()
        }),
      )
      while (holdingsOf(ward.data).rows.size < ledger.issued) await rest(20)
      await gateway.stop()
      await traceEnded(file, gateway.pid)
      const before = events.length
      for (const event of await readTrace(file)) events.push(event.kind === 'sync' ? { ...event, since: event.since + before } : event)
    }
    const { hl7: hl7Port, mqtt: mqttPort, hospital: hospitalPort } = ward.ports
    const acknowledgedOn = acknowledgements({ hl7Port, mqttPort, hospitalPort, throughHospital, published })
    const each = paths.map((path) => acknowledgedOn(path))
    return { events, acknowledgedBy: (sent) => each.flatMap((acknowledgedBy) => acknowledgedBy(sent)) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
