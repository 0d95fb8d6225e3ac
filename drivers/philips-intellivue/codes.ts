/** Code tables of the IntelliVue Data Export protocol. 16-bit codes; with the partition in front they are MDC codes. */

import { type Metric, type Unit, metricOfCode, unitOfCode } from '#driver'

/** Object classes that are polled. */
export const OBJECT = { enumeration: 5, numeric: 6, wave: 9, system: 33, patient: 42, alarms: 54 } as const

/** Attribute groups: 0 asks for all of them. */
export const GROUP = { all: 0, alarms: 0x0801, patient: 0x0807 } as const

export const ACTION = { poll: 0x0c16, extendedPoll: 0xf13b } as const

/** Bits of a measurement's state. */
export const STATE = { invalid: 0x8000, unavailable: 0x2000, test: 0x0800, demo: 0x0400, validated: 0x0080, early: 0x0040, ongoing: 0x0020 } as const
/** High byte 0 means valid; demo and test make it not the patient's, which is another matter. */
export const UNUSABLE = 0xff00 & ~(STATE.test | STATE.demo)
export const UNDER_WAY = STATE.early | STATE.ongoing

const PARTITION_SCADA = 0x2_0000
const PARTITION_DIM = 0x4_0000

/** What a physiological code means: a metric, and which of several sensors of one kind. */
export type Meaning = { readonly metric: Metric; readonly channel: string }

/**
 * Philips codes whose metric has another code: private ones (F000 and above), and those for which the standard came to
 * another number. Invasive pressures of a named artery are arterial pressures of no special site; the artery is the channel.
 */
const ALIASES: ReadonlyMap<number, readonly [mdc: number, channel: string]> = new Map([
  [0x4822, [149530, '']],
  [0xf0e5, [149546, '']],
  [0x4261, [148066, '']],
  [0x50b0, [151708, '']],
  [0x7498, [152196, '']],
  [0xf1c0, [160296, '']],
  [0xf1d4, [160300, '']],
  [0x4bc8, [150456, 'left']],
  [0x4bcc, [150456, 'right']],
  [0xf09c, [150456, 'telemetry']],
  [0xf09d, [149530, 'telemetry']],
  ...pressure(0x4a0c, 'Ao'),
  ...pressure(0x4a28, 'UAP'),
  ...pressure(0xf0bc, 'FAP'),
  ...pressure(0xf0c0, 'BAP'),
  [0xf0b7, [153611, 'IC1']],
  [0xf0bb, [153611, 'IC2']],
])

/** Systolic, diastolic and mean stand at 1, 2 and 3 behind the code of the pressure. */
function pressure(code: number, channel: string): [number, [number, string]][] {
  return [1, 2, 3].map((part) => [code + part, [150016 + part, channel]])
}

/**
 * 4A01 to 4A03 is a pressure that nobody has labelled: its transducer may lie in any vessel, or in none, so it has no
 * metric here although the standard's generic blood pressure has the same code.
 */
const UNLABELLED: ReadonlySet<number> = new Set([0x4a01, 0x4a02, 0x4a03])

const meanings = new Map<number, Meaning | null>()

/** What the value with this code of the SCADA partition is; null: nothing that has a metric. */
export function meaningOf(physio: number): Meaning | null {
  const known = meanings.get(physio)
  if (known !== undefined) return known
  const [mdc, channel] = ALIASES.get(physio) ?? [PARTITION_SCADA + physio, '']
  const metric = UNLABELLED.has(physio) ? undefined : metricOfCode(mdc)
  const meaning = metric === undefined ? null : { metric, channel }
  meanings.set(physio, meaning)
  return meaning
}

export const unitOf = (code: number): Unit | undefined => unitOfCode(PARTITION_DIM + code)
/** ST elevation is exported in mm on paper, at the standard gain of 10 mm to the mV. */
export const MILLIMETRE = 0x0512
export const PERCENT = 0x0220

/** Objects whose value has the same code as another's are told apart by the code of their label (never by its text). */
const CHANNELS: ReadonlyMap<number, string> = new Map([
  [0x8003_5401, 'P'], [0x8003_5402, 'ABP'], [0x8003_5403, 'ART'], [0x8003_5404, 'Ao'], [0x8003_5405, 'PAP'], [0x8003_5406, 'CVP'],
  [0x8003_5407, 'RAP'], [0x8003_5408, 'LAP'], [0x8003_5409, 'ICP'], [0x8003_540a, 'UAP'], [0x8003_540b, 'UVP'],
  [0x8003_5422, 'P1'], [0x8003_5425, 'P2'], [0x8003_5428, 'P3'], [0x8003_542b, 'P4'], [0x8003_5434, 'FAP'], [0x8003_5437, 'BAP'],
  [0x8015_5401, 'left'], [0x8015_5402, 'right'], [0x8015_543d, 'pre-ductal'], [0x8015_5440, 'post-ductal'],
])

/** The channel that a label's code stands for; '' for a label that only repeats the code of the value. */
export function channelOfLabel(label: number): string {
  const named = CHANNELS.get(label)
  if (named !== undefined) return named
  return label >>> 16 === 2 ? '' : label.toString(16).padStart(8, '0')
}

/** Waves, by the code of their samples: reference ids of IEEE 11073-10101, and the name in the setting. */
const WAVE_ROWS: readonly (readonly [physio: number, id: string, name: string])[] = [
  [0x0100, 'MDC_ECG_ELEC_POTL', 'ECG'],
  [0x0101, 'MDC_ECG_ELEC_POTL_I', 'I'],
  [0x0102, 'MDC_ECG_ELEC_POTL_II', 'II'],
  [0x013d, 'MDC_ECG_ELEC_POTL_III', 'III'],
  [0x013e, 'MDC_ECG_ELEC_POTL_AVR', 'aVR'],
  [0x013f, 'MDC_ECG_ELEC_POTL_AVL', 'aVL'],
  [0x0140, 'MDC_ECG_ELEC_POTL_AVF', 'aVF'],
  [0x0143, 'MDC_ECG_ELEC_POTL_V', 'V'],
  [0x0103, 'MDC_ECG_ELEC_POTL_V1', 'V1'],
  [0x0104, 'MDC_ECG_ELEC_POTL_V2', 'V2'],
  [0x0105, 'MDC_ECG_ELEC_POTL_V3', 'V3'],
  [0x0106, 'MDC_ECG_ELEC_POTL_V4', 'V4'],
  [0x0107, 'MDC_ECG_ELEC_POTL_V5', 'V5'],
  [0x0108, 'MDC_ECG_ELEC_POTL_V6', 'V6'],
  [0x014b, 'MDC_ECG_ELEC_POTL_MCL', 'MCL'],
  [0x4bb4, 'MDC_PULS_OXIM_PLETH', 'Pleth'],
  [0x5000, 'MDC_RESP', 'Resp'],
  [0x4a14, 'MDC_PRESS_BLD_ART_ABP', 'ABP'],
  [0x4a10, 'MDC_PRESS_BLD_ART', 'ART'],
  [0x4a1c, 'MDC_PRESS_BLD_ART_PULM', 'PAP'],
  [0x4a44, 'MDC_PRESS_BLD_VEN_CENT', 'CVP'],
  [0x5808, 'MDC_PRESS_INTRA_CRAN', 'ICP'],
  [0x50ac, 'MDC_AWAY_CO2', 'CO2'],
]
export const WAVES: ReadonlyMap<number, string> = new Map(WAVE_ROWS.map(([physio, id]) => [physio, id]))
/** The label of a wave is its code in the SCADA partition. */
export const WAVE_LABELS: ReadonlyMap<string, number> = new Map(WAVE_ROWS.map(([physio, , name]) => [name.toLowerCase(), PARTITION_SCADA + physio]))
export const WAVE_NAMES: readonly string[] = WAVE_ROWS.map(([, , name]) => name)

/** Units of waves: UCUM. */
export const WAVE_UNITS: ReadonlyMap<number, string> = new Map([
  [0x0200, '1'], [0x0220, '%'], [0x0f20, 'mm[Hg]'], [0x0f03, 'kPa'], [0x0f40, 'cm[H2O]'], [0x10b2, 'mV'], [0x10b3, 'uV'], [0x10c0, 'Ohm'],
])

/** A code as an engineer looks it up. */
export const named = (code: number): string => `philips:${code.toString(16).padStart(4, '0').toUpperCase()}`
