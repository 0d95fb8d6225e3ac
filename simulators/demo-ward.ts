/**
 * The wards of the demo. `small`: a dozen monitors that are quick to start. `full`: those, and one of each other kind that there
 * is a driver for. `teaching`: one bed for each lesson, and one that is well, on a clock that makes a minute of an hour.
 */

import { join } from 'node:path'
import { isSerialModel, type SerialModelName } from './monitors/models.ts'
import type { BedPlan, RegistryPlan, Transport, WardPlan } from './monitors/plan.ts'

export const WARD_SIZES = ['small', 'full', 'teaching'] as const
export type WardSize = (typeof WARD_SIZES)[number]

/** Ward seconds per real second, unless somebody asks for another speed. */
export const SPEED_OF: Readonly<Record<WardSize, number>> = { small: 1, full: 1, teaching: 60 }

export type DemoAddresses = {
  readonly seed: number
  readonly size: WardSize
  readonly hl7: { readonly host: string; readonly port: number }
  readonly mqtt: { readonly url: string; readonly passwordOf: (device: string) => string }
  /** Where the IntelliVue of the full ward waits to be asked, over UDP. */
  readonly intellivue: { readonly host: string; readonly port: number }
  /** Where the Mindray monitor of the full ward announces itself, and where it is then called. */
  readonly pds: { readonly host: string; readonly port: number; readonly ownPort: number }
  /** Where the hospital's registry of the full ward takes questions. */
  readonly registryPort?: number
  /** Folder in which the serial ports have their stable names: one link a device. */
  readonly serialFolder: string
  /** The loopback TCP port that takes the place of a device's serial line where `hasPty()` says no; a free one if left out. */
  readonly tcpPortOf?: (device: string) => number
}

type DemoBed = {
  readonly kind: 'hl7-accept' | 'hl7-application' | 'hl7-accept-alarms' | 'hl7-application-alarms' | 'mqtt' | 'mqtt-teleicu' | 'intellivue-lan' | 'pds' | SerialModelName
  readonly scenario: string
  readonly name: string
}

/** Five HL7 monitors, four MQTT modules, three oximeters on serial lines. Bed 2 gets worse within a minute. */
const SMALL: readonly DemoBed[] = [
  { kind: 'hl7-accept', scenario: 'stable', name: 'Alma Birch' },
  { kind: 'hl7-accept', scenario: 'desaturation', name: 'Bruno Cedar' },
  { kind: 'hl7-application', scenario: 'sepsis', name: 'Clara Elm' },
  { kind: 'hl7-accept', scenario: 'leads-off@150', name: 'Dario Fir' },
  { kind: 'hl7-application', scenario: 'monitor-rebooted@900', name: 'Edda Hazel' },
  { kind: 'mqtt', scenario: 'stable', name: 'Felix Juniper' },
  { kind: 'mqtt', scenario: 'opioid@600', name: 'Greta Larch' },
  { kind: 'mqtt', scenario: 'stable', name: 'Hugo Maple' },
  { kind: 'mqtt', scenario: 'cable-pulled', name: 'Irma Oak' },
  { kind: 'radical-7', scenario: 'stable', name: 'Jonas Pine' },
  { kind: 'rad-8', scenario: 'probe-off@210', name: 'Karla Rowan' },
  { kind: 'radical-7', scenario: 'stable', name: 'Leo Willow' },
]

/** Sepsis over hours, hypoventilation after an opioid, electrodes that come loose again and again; and a patient who is well. */
const TEACHING: readonly DemoBed[] = [
  { kind: 'hl7-accept', scenario: 'sepsis@600', name: 'Clara Elm' },
  { kind: 'hl7-accept', scenario: 'opioid@1200', name: 'Greta Larch' },
  { kind: 'hl7-accept', scenario: 'leads-storm@1800', name: 'Dario Fir' },
  { kind: 'hl7-application', scenario: 'stable', name: 'Alma Birch' },
]

/** What four beds of the small ward have in the full one: monitors that tell their own alarms, one that must be asked, and another adapter. */
const INSTEAD: ReadonlyMap<string, DemoBed['kind']> = new Map([
  ['Bruno Cedar', 'hl7-accept-alarms'],
  ['Clara Elm', 'hl7-application-alarms'],
  ['Dario Fir', 'efficia'],
  ['Hugo Maple', 'mqtt-teleicu'],
])

/** Beside the small ward. Some of them are well, some have a fault of their own, and each that has alarms gets a reason for one. */
const MORE: readonly DemoBed[] = [
  { kind: 'intellivue', scenario: 'leads-off@60', name: 'Mona Alder' },
  { kind: 'intellivue-lan', scenario: 'monitor-rebooted@420', name: 'Nils Aspen' },
  { kind: 'pds', scenario: 'opioid@90', name: 'Olga Beech' },
  { kind: 'carescape', scenario: 'probe-off@75', name: 'Paul Box' },
  { kind: 's-5', scenario: 'stable', name: 'Quirin Holly' },
  { kind: 'ivy-450c', scenario: 'leads-off@120', name: 'Rosa Ivy' },
  { kind: 'n-560', scenario: 'stable', name: 'Sven Laurel' },
  { kind: 'n-595', scenario: 'desaturation@180', name: 'Thea Lime' },
  { kind: 'nonin-text-with-time', scenario: 'stable', name: 'Udo Myrtle' },
  { kind: 'nonin-format-7', scenario: 'probe-off@240', name: 'Vera Poplar' },
  { kind: 'evita', scenario: 'cable-pulled@300', name: 'Willi Spruce' },
  { kind: 'blood-gas', scenario: 'sepsis', name: 'Xenia Yew' },
]

/** Device of a demo bed: `monitor-1` … at `bed-1` …, as many as the ward has. */
export function demoWard(of: DemoAddresses): WardPlan {
  const isFull = of.size === 'full'
  const ward = {
    small: () => SMALL,
    full: () => [...SMALL.map((bed) => ({ ...bed, kind: INSTEAD.get(bed.name) ?? bed.kind })), ...MORE],
    teaching: () => TEACHING,
  } satisfies Record<WardSize, () => readonly DemoBed[]>
  const beds = ward[of.size]().map(({ kind, scenario, name }, index): BedPlan => {
    const device = `monitor-${index + 1}`
    const patient = { mrn: `DEMO-${String(index + 1).padStart(4, '0')}`, name }
    return { bed: `bed-${index + 1}`, device, scenario, patient, transport: transportOf(kind, device, of) }
  })
  return { seed: of.seed, beds, ...(of.size === 'teaching' ? {} : { registry: registryOf(of, isFull) }) }
}

/** A bed whose monitor says nothing of who lies there: a serial line has no names. */
const GUEST_BED = `bed-${SMALL.findIndex(({ kind, scenario }) => isSerialModel(kind) && scenario === 'stable') + 1}`

/** The small ward has a registry for one bed alone: its stays end while somebody watches, so that something is released to central. */
const registryOf = ({ hl7, registryPort }: DemoAddresses, isFull: boolean): RegistryPlan => ({
  ...hl7,
  ...(isFull && registryPort !== undefined ? { ownPort: registryPort } : {}),
  // Never empty: what a monitor measures of nobody is an alert.
  guests: { bed: GUEST_BED, stayS: 180, emptyS: 0 },
  admits: isFull ? 'everybody' : 'guests',
})

function transportOf(kind: DemoBed['kind'], device: string, { hl7, mqtt, intellivue, pds, serialFolder, tcpPortOf }: DemoAddresses): Transport {
  if (isSerialModel(kind)) return { kind: 'serial', link: join(serialFolder, device), model: kind, ...(tcpPortOf ? { tcpPort: tcpPortOf(device) } : {}) }
  switch (kind) {
    case 'hl7-accept':
      return { kind: 'hl7', ...hl7, style: 'accept' }
    case 'hl7-application':
      return { kind: 'hl7', ...hl7, style: 'application' }
    case 'hl7-accept-alarms':
      return { kind: 'hl7', ...hl7, style: 'accept', alarms: 'first' }
    case 'hl7-application-alarms':
      return { kind: 'hl7', ...hl7, style: 'application', alarms: 'own' }
    case 'mqtt':
    case 'mqtt-teleicu':
      return { kind: 'mqtt', url: mqtt.url, username: device, password: mqtt.passwordOf(device), ...(kind === 'mqtt' ? {} : { speaks: 'teleicu' }) }
    case 'intellivue-lan':
      return { kind: 'intellivue', ...intellivue }
    case 'pds':
      return { kind: 'pds', ...pds }
  }
}
