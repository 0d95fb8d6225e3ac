/**
 * A Mindray bedside monitor as its Patient Data Share interface shows it: it announces itself once a second over UDP, waits
 * to be called over TCP, tells how it is set, and then what it is asked for (HL7 2.3.1 over MLLP, messages told apart by
 * MSH-10). It echoes each second, and goes quiet towards a gateway that does not.
 */

import type { Moment, Sign, Signs } from '../patients/patient.ts'
import { CODES, type Code } from './codes.ts'
import type { SimulatedDevice } from './device.ts'
import type { SentValue } from './wire.ts'

export type PdsSetting = {
  /** MonitorName. */
  readonly name: string
  readonly department: string
  readonly bed: string
  /** As it stands in the announcement: null leaves it out, as some models do. */
  readonly address: string | null
  readonly port: number
  readonly patient: PdsPatient | null
  /** Some models end segments with LF. */
  readonly segmentEnd?: '\r' | '\n'
  /** Older firmware passes over a query that comes before its first echo. */
  readonly losesEarlyQuery?: boolean
}

export type PdsPatient = { readonly mrn: string; readonly family: string; readonly given: string }

export interface PdsMonitor extends SimulatedDevice {
  /** What it broadcasts once a second to UDP 4600. */
  announcement(): Uint8Array
  /** Another patient is admitted at the monitor; null: nobody. */
  admit(patient: PdsPatient | null): readonly Uint8Array[]
  /** It was switched off and on, or the connection is new: nobody has asked anything. */
  restart(): void
  /** Numbers that went out since the last call of this. */
  issued(): readonly SentValue[]
}

type Row = { readonly tail: string; readonly isNew: boolean }
type Parameter = {
  readonly id: number
  readonly name: string
  readonly module: number
  readonly code: Code
  readonly decimals: number
  readonly of: (signs: Signs) => Sign
}

const NONE: Sign = { kind: 'none', why: 'failed' }
/** Periodic parameters in the order of the modules that bring them. */
const PERIODIC: readonly Parameter[] = [
  { id: 101, name: 'HR', module: 2101, code: CODES.heartRate, decimals: 0, of: (signs) => signs.heartRate },
  { id: 151, name: 'RR', module: 2102, code: CODES.breaths, decimals: 0, of: (signs) => signs.breaths },
  { id: 160, name: 'SpO2', module: 2103, code: CODES.saturation, decimals: 0, of: (signs) => signs.saturation },
  { id: 161, name: 'PR', module: 2103, code: CODES.pulse, decimals: 0, of: (signs) => signs.pulse },
  { id: 162, name: 'PI', module: 2103, code: CODES.perfusion, decimals: 3, of: (signs) => signs.perfusion },
  { id: 200, name: 'T1', module: 2104, code: CODES.temperature, decimals: 1, of: (signs) => signs.temperature },
  { id: 250, name: 'EtCO2', module: 2106, code: CODES.carbonDioxide, decimals: 0, of: (signs) => signs.carbonDioxide },
  { id: 500, name: 'Sys', module: 2116, code: CODES.systolic, decimals: 0, of: (signs) => signs.systolic },
  { id: 501, name: 'Mean', module: 2116, code: CODES.mean, decimals: 0, of: (signs) => signs.mean },
  { id: 502, name: 'Dia', module: 2116, code: CODES.diastolic, decimals: 0, of: (signs) => signs.diastolic },
]
const CUFF: readonly Parameter[] = [
  { id: 171, name: 'Dia', module: 2105, code: CODES.nibpDiastolic, decimals: 0, of: ({ cuff }) => cuff?.diastolic ?? NONE },
  { id: 172, name: 'Mean', module: 2105, code: CODES.nibpMean, decimals: 0, of: ({ cuff }) => cuff?.mean ?? NONE },
  { id: 170, name: 'Sys', module: 2105, code: CODES.nibpSystolic, decimals: 0, of: ({ cuff }) => cuff?.systolic ?? NONE },
]
const NEVER = '00000000000000'

/** Alarms of the patient: id, text, and when. */
const LIMITS: readonly { readonly id: number; readonly text: string; readonly of: (signs: Signs) => Sign; readonly below: number }[] = [
  { id: 10002, text: '***HR TOO LOW', of: (signs) => signs.heartRate, below: 50 },
  { id: 10044, text: '**RR TOO LOW', of: (signs) => signs.breaths, below: 8 },
  { id: 10076, text: '**T1 Too Low', of: (signs) => signs.temperature, below: 36 },
]

/** The gateway's echo must come within this. */
const PATIENCE_MS = 5_000
/** From the call to the first echo: the monitor tells how it is set. */
const SETTLING_MS = 900
const HELD_BYTES_MAX = 65_536
const IDS_PER_FILTER_MAX = 4

export function createMindrayPds(setting: PdsSetting): PdsMonitor {
  const end = setting.segmentEnd ?? '\r'
  const frame = (segments: readonly string[]): Uint8Array => Buffer.from(`\x0b${segments.map((segment) => segment + end).join('')}\x1c\r`, 'latin1')
  const message = (id: number, rows: readonly string[] = []): Uint8Array => frame([`MSH|^~\\&|||||||ORU^R01|${id}|P|2.3.1|`, ...rows])

  let patient = setting.patient
  let admissions = 0
  let issued: SentValue[] = []
  let call: Call | null = null
  let held = ''

  const place = (): string => {
    const address = setting.address === null ? '' : String(addressNumber(setting.address))
    return `^^${setting.department}&${setting.bed}&${address}&${setting.port}&&1`
  }
  const person = (): string => {
    const own = patient === null ? '00000000-0000-0000-000000000000' : `000f1404-d361-720c-${String(admissions).padStart(12, '0')}`
    return `PID|||${own}||${patient === null ? '' : `${patient.family}^${patient.given}`}||||`
  }
  const identity = (): Uint8Array =>
    message(103, [
      person(), `PV1||I|${place()}|||||||||||||||A|`, 'OBR||||Mindray Monitor|||0|', 'OBX||NM|52^||0.0||||||F', 'OBX||NM|51^||0.0||||||F',
      `OBX||ST|2301^||${patient?.mrn ?? ''}||||||F`, 'OBX||CE|2302^Blood||0^N||||||F', 'OBX||CE|2303^Paced||2^||||||F',
      `OBX||ST|2308^BedNoStr||${setting.bed}||||||F`,
    ])

  function row({ id, name, module, decimals, of, code }: Parameter, signs: Signs, { tail, isNew }: Row): { readonly text: string; readonly isValid: boolean } {
    const sign = of(signs)
    const isValid = sign.kind === 'value'
    if (isNew && isValid) issued.push({ metric: code.reference, value: sign.value })
    return { text: `OBX||NM|${id}^${name}|${module}|${isValid ? sign.value.toFixed(decimals) : '-100'}||||||F${tail}`, isValid }
  }

  /** One message for each module that was asked for, each with a word on what is valid in it. */
  function periodic({ signs }: Moment, wanted: ReadonlySet<number>): readonly Uint8Array[] {
    const modules = new Map<number, Parameter[]>()
    for (const parameter of PERIODIC) if (wanted.has(parameter.id)) modules.set(parameter.module, [...(modules.get(parameter.module) ?? []), parameter])
    return [...modules.values()].flatMap((parameters) => {
      const rows = parameters.map((parameter) => ({ ...row(parameter, signs, { tail: '', isNew: true }), id: parameter.id }))
      return [message(204, rows.map(({ text }) => text)), message(205, rows.map(({ id, isValid }) => `OBX||CE|2037^|${id}|${isValid ? 3 : 2}^||||||F`))]
    })
  }

  function cuff({ second, signs }: Moment, atMs: number, call: Call): readonly Uint8Array[] {
    const measuredAt = signs.cuff?.second ?? -1
    const parameters = CUFF.filter(({ id }) => call.wanted.has(id))
    if (parameters.length === 0 || call.cuffSecond === measuredAt) return []
    const isNew = call.cuffCounted !== measuredAt
    call.cuffSecond = call.cuffCounted = measuredAt
    const time = measuredAt < 0 ? NEVER : digitsOf(atMs - (second - measuredAt) * 1_000)
    return [
      message(503, parameters.map((parameter) => row(parameter, signs, { tail: `||APERIODIC|${time}`, isNew }).text)),
      message(53, parameters.map(({ id }) => `OBX||CE|2009^|${id}|2^||||||F`)),
    ]
  }

  /** Both lists, whole, when one of them changed and every few seconds. */
  function alarms({ second, signs }: Moment, atMs: number, call: Call): readonly Uint8Array[] {
    const active = LIMITS.filter(({ of, below }) => isBelow(of(signs), below)).map(({ id, text }) => `${id}^${text}`)
    const lists = [active, [...(isOff(signs.saturation) ? ['205^SpO2 Sensor Off'] : []), ...(isOff(signs.heartRate) ? ['5^ECG Lead Off'] : [])]] as const
    const said = JSON.stringify(lists)
    if (said === call.said && second % 10 !== 0) return []
    call.said = said
    return [
      ...(call.wantsPhysiological ? [message(54, [...lists[0].map((text) => `OBX||CE|2|1|${text}||||||F|||${digitsOf(atMs)}`), 'OBX||CE|2040^||0^||||||F'])] : []),
      ...(call.wantsTechnical ? [message(56, [...lists[1].map((text) => `OBX||CE|4||${text}||||||F|`), 'OBX||CE|2041^||0^||||||F'])] : []),
    ]
  }

  /** What it tells unasked when it is called: how it is set, and who lies there. */
  const opening = (): readonly Uint8Array[] => [
    message(11, ['OBX||CE|2101^|1|1^||||||F']), identity(), message(51, ['OBX||NM|101^HR|2101|120||||||F', 'OBX||NM|101^HR|2101|50||||||F']),
  ]

  return {
    announcement: () =>
      Buffer.from(
        [
          'MSH|^~\\&|||||||ADT^A01|101|P|2.3.1|', 'EVN||00000000|', person(), `PV1||I|${place()}|||||||||||||||U|4294967040||`,
          `OBX||ST|2304^MonitorName||${setting.name}||||||F`, 'OBX||CE|2305^||0^||||||F', `OBX||ST|2308^BedNoStr||${setting.bed}||||||F`,
        ].map((segment) => segment + end).join(''),
        'latin1',
      ),
    admit(next) {
      patient = next
      admissions++
      return call === null ? [] : [identity()]
    },
    restart() {
      call = null
      held = ''
    },
    issued() {
      const taken = issued
      issued = []
      return taken
    },
    hear(bytes, atMs) {
      const isNew = call === null
      call ??= {
        heardAtMs: atMs, echoAtMs: atMs + SETTLING_MS, echoes: 0, second: -1,
        wanted: new Set(), wantsPhysiological: false, wantsTechnical: false, said: '', cuffSecond: null, cuffCounted: -1,
      }
      held = (held + Buffer.from(bytes).toString('latin1')).slice(-HELD_BYTES_MAX)
      for (let stop = held.indexOf('\x1c\r'); stop >= 0; stop = held.indexOf('\x1c\r')) {
        take(held.slice(0, stop), call, atMs)
        held = held.slice(stop + 2)
      }
      return isNew ? opening() : []
    },
    tick(moment, atMs) {
      if (call === null) return []
      if (atMs - call.heardAtMs > PATIENCE_MS) {
        call = null
        return []
      }
      const out: Uint8Array[] = []
      if (call.second !== moment.second) {
        call.second = moment.second
        out.push(...periodic(moment, call.wanted), ...cuff(moment, atMs, call), ...alarms(moment, atMs, call))
      }
      if (atMs >= call.echoAtMs) {
        call.echoes++
        call.echoAtMs += 1_000
        out.push(message(106))
      }
      return out
    },
  }

  function take(text: string, to: Call, atMs: number): void {
    const segments = text.replaceAll('\x0b', '').split(/[\r\n]+/).filter((segment) => segment !== '')
    const header = segments.find((segment) => segment.startsWith('MSH|'))?.split('|') ?? []
    to.heardAtMs = atMs
    if (header[8] !== 'QRY^R02' || header[9] !== '1203') return
    if ((setting.losesEarlyQuery ?? true) && to.echoes === 0) return
    // A new query takes the place of the one before.
    to.wanted = new Set()
    to.wantsPhysiological = to.wantsTechnical = false
    for (const segment of segments) {
      const filter = segment.split('|')
      if (filter[0] !== 'QRF' || filter[1] !== 'MON') continue
      const [, type = '', , isAll = '', list = ''] = filter[5]?.split('^') ?? []
      const ids = list.split('&').filter((id) => id !== '').map(Number)
      // As observed: a query for all parameters is passed over, and so are lists that are too long.
      if (type === '1' && isAll === '0' && ids.length <= IDS_PER_FILTER_MAX) for (const id of ids) to.wanted.add(id)
      if (type === '3' && isAll === '1') to.wantsPhysiological = true
      if (type === '4' && isAll === '1') to.wantsTechnical = true
    }
    to.cuffSecond = null
  }
}

/** One conversation, from the monitor's side. */
type Call = {
  heardAtMs: number
  echoAtMs: number
  echoes: number
  second: number
  wanted: Set<number>
  wantsPhysiological: boolean
  wantsTechnical: boolean
  said: string
  /** The cuff measurement that was told last; -1: that there is none; null: nothing was told. */
  cuffSecond: number | null
  /** The cuff measurement that counts as issued: told again, it is no new one. */
  cuffCounted: number
}

const isOff = (sign: Sign): boolean => sign.kind === 'none' && (sign.why === 'probe-off' || sign.why === 'lead-off')
const isBelow = (sign: Sign, limit: number): boolean => sign.kind === 'value' && sign.value < limit

/** YYYYMMDDHHMMSS of its own clock, which runs in UTC here. */
const digitsOf = (atMs: number): string => new Date(atMs).toISOString().replace(/\D/g, '').slice(0, 14)

/** The four bytes of an address as one number, the first the highest. */
export const addressNumber = (address: string): number => address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0)
