/** What may stand at the other end of a serial line: by model, how its port is set and how it speaks. */

import { hashOf } from '../patients/random.ts'
import { createWaves } from '../patients/waves.ts'
import { createAstmAnalyser } from './astm.ts'
import type { Composer } from './composer.ts'
import type { SimulatedDevice } from './device.ts'
import { createDraeger } from './draeger-medibus.ts'
import { createGeS5 } from './ge-s5.ts'
import { createEfficia } from './hl7-efficia.ts'
import { ivyComposer } from './ivy-450c.ts'
import { masimoComposer } from './masimo-ascii.ts'
import { nellcorComposer } from './nellcor-ascii.ts'
import { noninComposer } from './nonin.ts'
import { createIntellivue } from './philips-intellivue.ts'
import type { SentValue } from './wire.ts'

/** What a device that answers is made of. */
export type DeviceParts = {
  readonly device: string
  /** What it calls its bed, if it says it. */
  readonly bed?: string
  readonly patient: { readonly mrn: string; readonly name: string } | null
  /** Wall time of second 0 of the ward, in ms. */
  readonly startedAt: number
  /** What the clocks of the ward show, in ms since 1970, for the steady ms that a device is called with: the same unless the machine's clock was set. */
  readonly shown: (atMs: number) => number
  /** Told of what goes out as a number. */
  readonly issued?: (values: readonly SentValue[]) => void
}

type Speech =
  /** Talks whether or not anybody listens, and is not to be talked to. */
  | { readonly kind: 'talks'; readonly everySeconds: number; readonly composer: (device: string) => Composer }
  | { readonly kind: 'answers'; readonly create: (parts: DeviceParts) => SimulatedDevice }

export type SerialModel = {
  /** The driver that reads it. */
  readonly driver: string
  readonly baudRate: number
  readonly parity: 'none' | 'even'
  /** What the driver must be told of it; not there where nothing. */
  readonly settings?: Readonly<Record<string, string>>
  /** `laboratory`: belongs to no bed, and says something now and then. */
  readonly place: 'bedside' | 'laboratory'
  readonly speech: Speech
}

const PLAIN = { baudRate: 9_600, parity: 'none', place: 'bedside' } as const
const EVEN = { baudRate: 19_200, parity: 'even', place: 'bedside' } as const

const talks = (composer: (device: string) => Composer, everySeconds = 1): Speech => ({ kind: 'talks', everySeconds, composer })
const answers = (create: (parts: DeviceParts) => SimulatedDevice): Speech => ({ kind: 'answers', create })
const wavesOf = (device: string): ReturnType<typeof createWaves> => createWaves(hashOf(device))

const MODELS = {
  'radical-7': { ...PLAIN, driver: 'masimo-ascii', speech: talks((device) => masimoComposer(device, 'radical-7')) },
  'rad-8': { ...PLAIN, driver: 'masimo-ascii', speech: talks((device) => masimoComposer(device, 'rad-8')) },
  'n-560': { ...PLAIN, driver: 'nellcor-ascii', speech: talks((device) => nellcorComposer(device, 'n-560'), 2) },
  'n-595': { ...PLAIN, driver: 'nellcor-ascii', speech: talks((device) => nellcorComposer(device, 'n-595'), 2) },
  'nonin-text': { ...PLAIN, driver: 'nonin', speech: talks((device) => noninComposer(device, 'text', wavesOf(device))) },
  'nonin-text-with-time': { ...PLAIN, driver: 'nonin', speech: talks((device) => noninComposer(device, 'text-with-time', wavesOf(device))) },
  'nonin-format-2': { ...PLAIN, driver: 'nonin', speech: talks((device) => noninComposer(device, 'format-2', wavesOf(device))) },
  'nonin-format-7': { ...PLAIN, driver: 'nonin', speech: talks((device) => noninComposer(device, 'format-7', wavesOf(device))) },
  'ivy-450c': { ...PLAIN, driver: 'ivy-450c', speech: talks((device) => ivyComposer(device, wavesOf(device))) },
  intellivue: { ...PLAIN, baudRate: 115_200, driver: 'philips-intellivue', speech: answers((parts) => intellivueOf(parts, 'rs232')) },
  's-5': { ...EVEN, driver: 'ge-s5', speech: answers((parts) => geOf(parts, { level: 9, tellsCuffTime: false })) },
  carescape: { ...EVEN, driver: 'ge-s5', speech: answers((parts) => geOf(parts, { level: 10, tellsCuffTime: true })) },
  evita: {
    ...EVEN,
    driver: 'draeger-medibus',
    speech: answers(({ device, shown, issued }) => createDraeger({ waves: wavesOf(device), clock: shown, ...(issued && { sent: issued }) })),
  },
  efficia: {
    ...PLAIN,
    driver: 'hl7',
    // A question that is lost is asked again within the silence that a device is allowed.
    settings: { query: 'efficia', queryEverySeconds: '2' },
    speech: answers(({ device, bed = '', patient, issued }) => createEfficia({ name: device, patient: personOf(patient), bed, thinksMs: 300, loses: 40, ...(issued && { sent: issued }) })),
  },
  'blood-gas': {
    ...PLAIN,
    place: 'laboratory',
    driver: 'astm',
    speech: answers(({ device, shown, issued }) =>
      createAstmAnalyser({ name: device, everySeconds: SAMPLE_EVERY_S, clock: shown, ...(issued && { acknowledged: ({ values }) => issued(values) }) })),
  },
} as const satisfies Readonly<Record<string, SerialModel>>

/** A ward's analyser is busy. */
const SAMPLE_EVERY_S = 120

export type SerialModelName = keyof typeof MODELS
export const SERIAL_MODEL_NAMES: readonly string[] = Object.keys(MODELS)
export const isSerialModel = (name: unknown): name is SerialModelName => typeof name === 'string' && Object.hasOwn(MODELS, name)

export const serialModel = (name: SerialModelName): SerialModel => MODELS[name]

/** First names, then the family's. */
export function personOf(patient: DeviceParts['patient']): { readonly mrn: string; readonly family: string; readonly given: string } | null {
  if (patient === null) return null
  const words = patient.name.split(' ')
  return { mrn: patient.mrn, given: words.slice(0, -1).join(' '), family: words.at(-1) ?? '' }
}

export function intellivueOf({ device, patient, startedAt, shown, issued }: DeviceParts, framing: 'rs232' | 'lan'): SimulatedDevice {
  return createIntellivue({
    device,
    framing,
    patient: personOf(patient),
    // Read each time: it moves when the machine's clock is set.
    get startedAt() {
      return shown(startedAt)
    },
    ...(issued && { issued: (values) => issued(values) }),
  })
}

function geOf({ device, shown, issued }: DeviceParts, model: { readonly level: number; readonly tellsCuffTime: boolean }): SimulatedDevice {
  return createGeS5({ name: device, ...model, waves: wavesOf(device), clock: shown, ...(issued && { sent: (values) => issued(values) }) })
}
