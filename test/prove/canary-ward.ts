/**
 * A ward whose every message is full of identifiers: real bytes through the drivers that are shipped, the pump, the rules and a real
 * store, on a clock that obeys. All that a person can type, and all that a monitor can send, is another one.
 */

import { join } from 'node:path'
import { pino } from 'pino'
import { parseSite } from '../../src/config/load.ts'
import { ruleSettingsOf } from '../../src/config/rule-settings.ts'
import { alertId, stayId } from '../../src/domain/ids.ts'
import { driverOf } from '../../src/drivers.ts'
import { Pump } from '../../src/pump/pump.ts'
import { bedRulesOf } from '../../src/rules/bed.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import type { Line } from '../../src/seams.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { START } from '../sync/fakes.ts'
import type { Planter } from './canaries.ts'

const BEDS = 6
const STEP_MS = 30_000
const HOUR_MS = 3_600_000
const LEAKY = 'leaky'

type Bed = { readonly id: string; readonly place: string; readonly sender: string; patient: Patient; readonly line: Line; readonly json: Line; readonly address: string }
type Patient = { readonly mrn: string; readonly name: string; readonly born: string; readonly phone: string; readonly visit: string }

export type CanaryWard = {
  readonly clock: FakeClock
  /** All that was logged, at every level. */
  readonly logged: () => string
  /** As the gateway gives them to the sync thread. */
  readonly identifiers: readonly string[]
  /** `canaries`: so many more in messages, evenly over the time. Ends with everybody gone home. */
  live(hours: number, canaries: number): Promise<void>
  close(): Promise<void>
}

export function openCanaryWard(folder: string, planter: Planter): CanaryWard {
  const plant = (where: string, kind?: Parameters<Planter['plant']>[1]): string => planter.plant(where, kind)
  const beds = Array.from({ length: BEDS }, (_, index) => ({
    id: `bed-${index}`, label: plant('site: label of a bed', 'serial'), sender: plant('site: sender of a device', 'serial'), place: `${plant('site: location', 'name')}^1^${index}`,
    care: plant('site: field of a bed', 'name'),
  }))
  const wardName = plant('site: name of the ward', 'name')
  const loaded = parseSite(JSON.stringify({
    gateway: { id: 'gw', ward: wardName, data: folder },
    beds: beds.map(({ id, label, place, care }) => ({ id, label, location: place, fields: { care } })),
    links: [{ kind: 'mllp-listen', id: 'in', port: 0 }],
    devices: [
      ...beds.flatMap(({ id, sender }) => [
        { id: `monitor-${id}`, driver: 'hl7', bed: id, match: { sender } }, { id: `json-${id}`, driver: 'mqtt-json', bed: id }, { id: `masimo-${id}`, driver: 'masimo-ascii', bed: id },
      ]),
      { id: 'registry', driver: 'hl7', silenceSeconds: 0, match: { sender: 'HIS' } }, { id: LEAKY, driver: 'astm', silenceSeconds: 0 },
    ],
  }), 'site.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const { site } = loaded
  const store = openLocalStore({ folder, kind: 'real', gatewayId: 'gw', createdAt: START, durability: 'copy' })
  if (store.kind !== 'opened') throw new Error(store.why)
  const clock = fakeClock(START)
  const lines: string[] = []
  let minted = 0
  const rules = bedRulesOf(ruleSettingsOf(site, DEFAULT_PROFILES, 'real'))
  const pump = new Pump({
    site, clock, speed: 1, store: store.store, restored: { stays: [], alertEvents: [], recent: [], messages: [] },
    // A driver with the bug that is most likely to show what it read.
    driverOf: (id) => (id === 'astm' ? { ...driverOf(id), open: (settings) => ({ ...driverOf(id).open(settings), receive: (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) }) } : driverOf(id)),
    rules: {
      ...rules,
      step(state, input) {
        // And a rule that names what it fell over.
        if (input.kind === 'snapshot') for (const { channel } of input.snapshot.observations) if (channel.startsWith('throw ')) throw new Error(`no such channel: ${channel}`)
        return rules.step(state, input)
      },
    },
    mint: { alert: () => alertId(`a${++minted}`), stay: () => stayId(`s${++minted}`) }, publish: () => undefined, saved: () => undefined,
    log: pino({ level: 'trace', base: null }, { write: (line: string) => void lines.push(line) }),
  })

  let messages = 0
  const stamp = (at: number): string => `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`
  const framed = (segments: readonly string[]): Uint8Array => Buffer.from(`\x0b${segments.join('\r')}\r\x1c\r`)
  const newcomer = (): Patient => ({ mrn: plant('PID-3', 'mrn'), name: plant('PID-5', 'name'), born: plant('PID-7', 'birth'), phone: plant('PID-13', 'phone'), visit: plant('PV1-19', 'mrn') })
  const open = (driver: string, device: string | null, address: string): Line => {
    const peer = pump.devices.all().find(({ id }) => id === device)
    return pump.openFor(driver, 'in')({ address, device: peer?.id ?? null }, () => undefined)
  }
  const registry = open('hl7', null, '10.0.0.1:2575')
  const leaky = open('astm', LEAKY, '10.0.0.2:2575')
  const all: readonly Bed[] = beds.map(({ id, place, sender }, index) => ({
    id, place, sender, patient: newcomer(), address: `10.0.0.${10 + index}`, line: open('hl7', null, `10.0.0.${10 + index}:2575`), json: open('mqtt-json', `json-${id}`, `mqtt:json-${id}`),
  }))
  const pid = ({ mrn, name, born, phone }: Patient): string => `PID|1||${mrn}^^^HOSPITAL^MR||${name}^${name}||${born}|F|||${name}^^${name}||${phone}`
  const adt = (event: string, { patient, place }: Bed, more: readonly string[] = []): void =>
    void registry.receive(framed([
      `MSH|^~\\&|HIS|HOSPITAL|||${stamp(clock.wall())}||ADT^${event}|${++messages}|P|2.6`, `EVN||${stamp(clock.wall())}`, pid(patient), `PV1|1|I|${place}||||||||||||||||${patient.visit}`, ...more,
    ]))
  const value = (bed: Bed): number => 70 + (messages % 20) + (messages % 97 < 12 ? 90 : 0) + Number(bed.id.at(-1))

  function plain(bed: Bed): void {
    bed.line.receive(framed([
      `MSH|^~\\&|${bed.sender}|WARD|VIGIL|WARD|${stamp(clock.wall())}||ORU^R01^ORU_R01|${++messages}|P|2.6`, pid(bed.patient),
      `OBR|1|||182777000^monitoring of patient^SCT|||${stamp(clock.wall())}`,
      `OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|${value(bed)}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R`,
    ]))
  }

  /** Every field of it that can hold a text holds another canary. */
  function full(bed: Bed): void {
    const x = (where: string): string => plant(where)
    bed.line.receive(framed([
      `MSH|^~\\&|${bed.sender}|${x('MSH-4')}|${x('MSH-5')}|${x('MSH-6')}|${stamp(clock.wall())}|${x('MSH-8')}|ORU^R01^ORU_R01|${++messages}${x('MSH-10')}|P|2.6`,
      `${pid(bed.patient)}|${x('PID-14')}||||${x('PID-18')}|${x('PID-19')}`, `NK1|1|${x('NK1-2')}|${x('NK1-3')}|${x('NK1-4')}|${x('NK1-5')}`, `NTE|1|${x('NTE-2')}|${x('NTE-3')}`,
      `PV1|1|I|${bed.place}||||${x('PV1-7')}|${x('PV1-8')}|||||||||||${x('PV1-19')}`,
      `OBR|1|${x('OBR-2')}|${x('OBR-3')}|182777000^${x('OBR-4')}^SCT|||${stamp(clock.wall())}|||${x('OBR-10')}||||||||${x('OBR-18')}`,
      `OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.${x('OBX-4')}|${value(bed)}|264864^MDC_DIM_BEAT_PER_MIN^MDC|${x('OBX-7')}|||||R|||${stamp(clock.wall())}|${x('OBX-15')}|${x('OBX-16')}||${x('OBX-18')}`,
      `OBX|2|ST|${x('OBX-3.1')}^${x('OBX-3.2')}^L|1|${x('OBX-5, a text')}|${x('OBX-6')}|||||R`, `OBX|3|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.2|${x('OBX-5, a number')}|262688^MDC_DIM_PERCENT^MDC|||||R`,
      `NTE|2||${x('NTE-3')}`, `${x('a segment')}|${x('a segment')}`,
    ]))
    bed.json.receive(Buffer.from(JSON.stringify({
      id: `${++messages}${x('json: id')}`, at: new Date(clock.wall()).toISOString(), channel: x('json: channel'), [x('json: a key')]: x('json: a value'), patient: { mrn: bed.patient.mrn, name: bed.patient.name, [x('json: a key of a patient')]: 1 },
      readings: [{ mdc: 147842, value: 80, unit: '/min', channel: x('json: channel of a value') }, { mdc: x('json: mdc'), value: x('json: a text for a number'), unit: x('json: unit') }],
    })))
    const { length } = planter.planted
    if (length % 2 === 0) return
    // Errors: frames that are none, of nobody, cut off, of a driver and of a rule that throw.
    bed.line.receive(framed([`MSH|^~\\&|${bed.sender}||||${x('a time')}||${x('a type')}|${x('MSH-10')}|P|2.6`, `PID|${x('PID-1')}`, `OBX|${x('OBX-1')}`]))
    open('hl7', null, `${plant('address of a sender', 'address')}:2575`).receive(framed([`MSH|^~\\&|${x('a sender whom nobody knows')}|||||${x('no type')}`, x('no segment')]))
    registry.receive(framed([`MSH|^~\\&|HIS||||${stamp(clock.wall())}||ADT^A01|${x('MSH-10')}|P|2.6`, `PID|||${x('a number of no authority')}`, `PV1|1|I|${x('a bed that is not there')}^1^1`]))
    leaky.receive(Buffer.from(`{"${x('a driver that throws')}`))
    bed.json.receive(Buffer.from(`{"id": "${x('json that is none')}`))
    bed.json.receive(Buffer.from(JSON.stringify({ id: x('json: id'), at: new Date(clock.wall()).toISOString(), readings: [{ mdc: 147842, value: 80, unit: '/min', channel: `throw ${x('a rule that throws')}` }] })))
  }

  /** What people type. */
  function speak(bed: Bed): void {
    for (const { alert } of [...pump.lifecycle.open.values()].map((one) => ({ alert: one })).slice(0, 2)) {
      pump.acknowledge(alert.id, plant('who acknowledges', 'name'))
      pump.pauseAudio(alert.id, plant('who pauses', 'name'), 60_000)
    }
    const stay = [...pump.beds.values()].find(({ id }) => id === bed.id)?.stay
    if (stay) pump.changeContext(stay.id, { onOxygen: true }, plant('who says it', 'name'))
    pump.gatewayCondition('technical/backup-failing', { priority: 'low', text: `no folder ${join('/mnt', plant('name of a file', 'name'))}` })
    pump.gatewayCondition('technical/backup-failing', null)
  }

  return {
    clock,
    logged: () => lines.join(''),
    identifiers: [wardName, ...beds.flatMap(({ id, label, place, sender, care }) => [id, label, place, sender, care]), ...site.devices.map(({ id }) => id)],
    async live(hours, canaries) {
      const before = planter.planted.length
      const steps = (hours * HOUR_MS) / STEP_MS
      for (const bed of all) adt('A01', bed)
      for (let step = 0; step < steps; step++) {
        const bed = all[step % BEDS]
        if (!bed) throw new Error('no bed')
        for (const each of all) plain(each)
        while (planter.planted.length - before < (canaries * (step + 1)) / steps) full(bed)
        if (step % 60 === 59) {
          speak(bed)
          adt('A03', bed, [`NTE|1||${plant('NTE-3 of a registry')}`])
          bed.patient = newcomer()
          adt('A01', bed)
        }
        await clock.pass(STEP_MS)
        pump.tick()
      }
      for (const bed of all) adt('A03', bed)
      for (let minute = 0; minute < 40; minute++) {
        await clock.pass(60_000)
        pump.tick()
      }
    },
    async close() {
      await pump.close()
      await store.store.close()
    },
  }
}
