/** A pump with the drivers, rules and profiles as they are shipped, on a clock that obeys and a disk in memory. */

import { pino } from 'pino'
import { parseSite } from '../../src/config/load.ts'
import { ruleSettingsOf } from '../../src/config/rule-settings.ts'
import { alertId, stayId } from '../../src/domain/ids.ts'
import type { Snapshot } from '../../src/domain/observation.ts'
import { wallMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import { pumpLimits } from '../../src/limits.ts'
import { Pump } from '../../src/pump/pump.ts'
import { bedRulesOf } from '../../src/rules/bed.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import type { Tick } from '../../src/seams.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { openOf } from './house-ward.ts'

const SITE = `
gateway: { id: gw, ward: Ward, data: /nowhere, timeZone: Europe/Berlin }
beds: [{ id: bed-7, label: '7', location: ICU^1^7 }]
links: [{ kind: mllp-listen, id: in, port: 0 }]
devices:
  - { id: MON-7, driver: hl7, bed: bed-7, match: { sender: MON-7 } }
  - { id: HIS, driver: hl7, silenceSeconds: 0, match: { sender: HIS } }
`

/** All that was committed, of one life after the other. */
export type Disk = Tick[]

export function realWard({ clock = fakeClock(), disk = [] }: { readonly clock?: FakeClock; readonly disk?: Disk } = {}) {
  const loaded = parseSite(SITE, 'test.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const stays = [...new Map(disk.flatMap((tick) => tick.stays).map((stay) => [stay.id, stay])).values()]
  const told = disk.flatMap((tick) => tick.events).flatMap((stored) => (stored.kind === 'alert' ? [stored.event] : []))
  const snapshots: readonly Snapshot[] = disk.flatMap((tick) => tick.snapshots)
  const lastAt = Math.max(-Infinity, ...disk.flatMap((tick) => [...tick.events.map(({ at }) => at), ...tick.snapshots.map(({ receivedAt }) => receivedAt)]))
  const before = disk.length
  let minted = before * 1_000
  const pump = new Pump({
    site: loaded.site, driverOf, rules: bedRulesOf(ruleSettingsOf(loaded.site, DEFAULT_PROFILES, 'real')), clock, speed: 1,
    store: { commit: (tick) => (disk.push(tick), Promise.resolve({ kind: 'durable', lastSeq: disk.length })), close: () => Promise.resolve() },
    restored: {
      stays: stays.filter(({ closedAt }) => closedAt === null), pastStays: stays.filter(({ closedAt }) => closedAt !== null), alertEvents: openOf(told), messages: [],
      recent: snapshots.filter(({ receivedAt }) => receivedAt >= clock.wall() - pumpLimits.refoldMs),
      facts: disk.flatMap((tick) => tick.facts ?? []), standing: disk.flatMap((tick) => tick.standing ?? []),
      aliveAt: Number.isFinite(lastAt) ? wallMs(lastAt) : null,
    },
    mint: { alert: () => alertId(`a${++minted}`), stay: () => stayId(`s${++minted}`) },
    publish: () => undefined, saved: () => undefined, log: pino({ level: 'silent' }),
  })
  const line = pump.openFor('hl7', 'in')({ address: '10.0.0.7:4000', device: null }, () => undefined)
  const registry = pump.openFor('hl7', 'in')({ address: '10.0.0.1:4000', device: null }, () => undefined)
  let messages = before * 1_000
  const stamp = (at: number): string => `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`
  const framed = (lines: readonly string[]): Uint8Array => Buffer.from(`\x0b${lines.join('\r')}\r\x1c\r`)
  /** PCD-01, with the values as they were measured then; now, where nothing is said. */
  const measure = (values: { readonly hr?: number; readonly spo2?: number }, { mrn = null, at = clock.wall() }: { readonly mrn?: string | null; readonly at?: number } = {}): void => {
    const row = (place: number, code: string, value: number, unit: string): string => `OBX|${place}|NM|${code}^MDC|1.${place}.1.1|${value}|${unit}^MDC|||||R`
    line.receive(framed([
      `MSH|^~\\&|MON-7|WARD|VIGIL|WARD|${stamp(clock.wall())}||ORU^R01^ORU_R01|${++messages}|P|2.6`,
      ...(mrn === null ? [] : [`PID|||${mrn}^^^Hospital^PI||Quist^Pelle`]),
      `OBR|1||${messages}^MON-7|182777000^monitoring of patient^SCT|||${stamp(at)}`,
      ...(values.hr === undefined ? [] : [row(1, '147842^MDC_ECG_HEART_RATE', values.hr, '264864^MDC_DIM_BEAT_PER_MIN')]),
      ...(values.spo2 === undefined ? [] : [row(2, '150456^MDC_PULS_OXIM_SAT_O2', values.spo2, '262688^MDC_DIM_PERCENT')]),
    ]))
  }
  const adt = (event: string): void =>
    void registry.receive(framed([`MSH|^~\\&|HIS|HOSPITAL|||${stamp(clock.wall())}||ADT^${event}|${++messages}|P|2.6`, `EVN||${stamp(clock.wall())}`, 'PID|||1001^^^HOSPITAL^MR||Quist^Pelle||19620401|M', 'PV1|1|I|ICU^1^7||||||||||||||||v-1']))
  const every = async (seconds: number, act: () => void = () => undefined): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      act()
      await clock.pass(1_000)
      pump.tick()
    }
  }
  const open = () => [...pump.lifecycle.open.values()]
  const bed = () => {
    const [only] = pump.beds.values()
    if (!only) throw new Error('no bed')
    return only
  }
  return { pump, clock, disk, measure, adt, every, open, bed, stop: () => pump.close() }
}
