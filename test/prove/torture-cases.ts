/**
 * The MLLP cases as one table: what a monitor, a bad cable or a stubborn sender puts on the wire, what it must be answered,
 * and what must then be in the database. From the list of Apache Camel's MLLP component, HL7 2.6 chapter 2, and the field.
 */

import { driverLimits, linkLimits } from '../../src/limits.ts'

/** One step of a sender. Each `say` is one write. */
export type Step =
  | { readonly do: 'say'; readonly bytes: Uint8Array }
  | { readonly do: 'wait'; readonly ms: number }
  /** Until so many answers have come. */
  | { readonly do: 'await'; readonly answers: number }
  /** RST, without a word. */
  | { readonly do: 'reset' }
  | { readonly do: 'hang up' }
  /** From now on over another socket. */
  | { readonly do: 'call again' }
  /** Opens as many more sockets from this address as one may have; the next one must be closed by the gateway. */
  | { readonly do: 'crowd' }
  | { readonly do: 'restart the gateway' }
  /** Answers are taken from the socket one byte a read. */
  | { readonly do: 'read byte by byte' }
  /** The gateway must close this socket within `ms`. */
  | { readonly do: 'be closed'; readonly ms: number }

export type TortureCase = {
  readonly name: string
  readonly steps: (own: Own) => readonly Step[]
  /** `AA 1`: code and MSA-2, in order. */
  readonly answers: readonly string[]
  /** Heart rates in the database afterwards, by device: the case's own, or with a letter behind it. */
  readonly stored: Readonly<Record<string, readonly number[]>>
  readonly quarantined?: number
  /** Conditions that must have started at its devices. Where none are named, none may have. */
  readonly alerts?: readonly string[]
  /** The name of the patient in its bed. */
  readonly patient?: string
  /** A flag that each stored reading must carry. */
  readonly flag?: string
  /** Takes longer than a quick run may. */
  readonly isSlow?: true
}

/** The case's own device, and its messages. */
export type Own = { readonly device: string; readonly message: (change?: Message) => string }

export type Message = {
  readonly device?: string
  readonly id?: string
  readonly hr?: number | string
  readonly type?: string
  readonly processing?: string
  readonly accept?: string
  readonly application?: string
  readonly charset?: string
  readonly patient?: string
  readonly encoding?: string
  readonly more?: readonly string[]
  readonly end?: string
}

export function messageOf(device: string, { id = '1', hr = 71, type = 'ORU^R01^ORU_R01', processing = 'P', accept = '', application = '', charset = '', patient = 'Doe', encoding = '^~\\&', more = [], end = '\r', ...of }: Message = {}): string {
  return [
    `MSH|${encoding}|${of.device ?? device}|WARD|VIGIL|WARD|20260115020000+0000||${type}|${id}|${processing}|2.6|||${accept}|${application}||${charset}`,
    `PID|||N-${of.device ?? device}^^^Hospital^PI||${patient}`,
    'OBR|1||1^X|182777000^monitoring of patient^SCT|||20260115020000+0000',
    `OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.147842|${hr}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R`,
    ...more,
    '',
  ].join(end)
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')
const framed = (text: string | Uint8Array, end = '\x1c\r'): Buffer => Buffer.concat([utf8('\x0b'), typeof text === 'string' ? utf8(text) : text, utf8(end)])
const say = (...bytes: readonly (Uint8Array | string)[]): Step => ({ do: 'say', bytes: Buffer.concat(bytes.map((one) => (typeof one === 'string' ? utf8(one) : one))) })
const wait = (ms: number): Step => ({ do: 'wait', ms })
/** One write for every `size` bytes. */
const inPieces = (bytes: Buffer, size: number, pauseMs: number): Step[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index): Step[] => [say(bytes.subarray(index * size, (index + 1) * size)), wait(pauseMs)]).flat()

const latin9 = (text: string): Buffer => Buffer.from(text.replaceAll('€', '\xa4').replaceAll('Š', '\xa6').replaceAll('œ', '\xbd'), 'latin1')
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

/** A message of exactly so many bytes between VT and FS. */
function ofLength(text: string, bytes: number): string {
  const note = 'NTE|1||'
  return `${text}${note}${'x'.repeat(bytes - text.length - note.length)}`
}

const MIB = driverLimits.hl7FrameBytesMax
const ONE = { '': [71] }

/** A sender that asks for "errors only" (MSH-15 ER, HL7 table 0155) hears of success too: else stored and lost would be the same to it. */
const ER_ON_SUCCESS: readonly string[] = ['CA 1']

const plain: readonly TortureCase[] = [
  { name: 'one message', steps: ({ message }) => [say(framed(message()))], answers: ['AA 1'], stored: ONE },
  { name: 'an envelope is opened and the socket reset', steps: () => [say('\x0b'), { do: 'reset' }], answers: [], stored: {} },
  { name: 'half a message and the socket reset', steps: ({ message }) => [say('\x0b', message().slice(0, 120)), wait(20), { do: 'reset' }], answers: [], stored: {}, quarantined: 1 },
  { name: 'half a message and the socket closed', steps: ({ message }) => [say('\x0b', message().slice(0, 120)), { do: 'hang up' }], answers: [], stored: {}, quarantined: 1 },
  { name: 'the end block is missing, the next message follows', steps: ({ message }) => [say('\x0b', message(), framed(message({ id: '2', hr: 72 })))], answers: ['AA 2'], stored: { '': [72] }, quarantined: 1 },
  { name: 'the CR behind the end block is missing', steps: ({ message }) => [say(framed(message(), '\x1c'), framed(message({ id: '2', hr: 72 }), '\x1c'))], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'the end block is missing and so is everything after it', steps: ({ message }) => [say('\x0b', message()), wait(20), { do: 'hang up' }], answers: [], stored: {}, quarantined: 1 },
  { name: 'a start block within a message', steps: ({ message }) => [say(framed(message({ more: ['NTE|1||a\x0bb'] })))], answers: ['AA 1'], stored: ONE },
  { name: 'two start blocks', steps: ({ message }) => [say('\x0b', framed(message()))], answers: ['AA 1'], stored: ONE },
  { name: 'an empty envelope before a message', steps: ({ message }) => [say('\x0b\x1c\r', framed(message()))], answers: ['AA 1'], stored: ONE },
  { name: 'two end blocks', steps: ({ message }) => [say(framed(message(), '\x1c\x1c\r'), framed(message({ id: '2', hr: 72 })))], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'the second of three is no message', steps: ({ message }) => [say(framed(message()), framed(message({ id: '2', encoding: 'ab' })), framed(message({ id: '3', hr: 73 })))], answers: ['AA 1', 'AR 2', 'AA 3'], stored: { '': [71, 73] }, quarantined: 1 },
  { name: 'a sender that waits after it called', steps: ({ message }) => [wait(300), say(framed(message()))], answers: ['AA 1'], stored: ONE },
  { name: 'a sender that is idle between two messages', steps: ({ message }) => [say(framed(message())), { do: 'await', answers: 1 }, wait(300), say(framed(message({ id: '2', hr: 72 })))], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'one message in many packets', steps: ({ message }) => inPieces(framed(message()), 23, 2), answers: ['AA 1'], stored: ONE },
  { name: 'a byte at a time', steps: ({ message }) => inPieces(framed(message()), 1, 0), answers: ['AA 1'], stored: ONE },
  { name: 'the end block in a packet of its own, its CR in another', steps: ({ message }) => [say('\x0b', message()), wait(10), say('\x1c'), wait(10), say('\r'), wait(10), say(framed(message({ id: '2', hr: 72 })))], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'three messages in one write', steps: ({ message }) => [say(framed(message()), framed(message({ id: '2', hr: 72 })), framed(message({ id: '3', hr: 73 })))], answers: ['AA 1', 'AA 2', 'AA 3'], stored: { '': [71, 72, 73] } },
  { name: 'an LF behind each CR of the frame', steps: ({ message }) => [say(framed(message(), '\x1c\r\n'), framed(message({ id: '2', hr: 72 }), '\x1c\r\n'), framed(message({ id: '3', hr: 73 }), '\x1c\r\n'))], answers: ['AA 1', 'AA 2', 'AA 3'], stored: { '': [71, 72, 73] } },
  { name: 'one and a half messages, then the other half', steps: ({ message }) => [say(framed(message()), '\x0b', message({ id: '2', hr: 72 }).slice(0, 99)), wait(20), say(message({ id: '2', hr: 72 }).slice(99), '\x1c\r')], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'acknowledgements read a byte at a time', steps: ({ message }) => [{ do: 'read byte by byte' }, say(framed(message()), framed(message({ id: '2', hr: 72 })))], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'garbage before, between and after messages', steps: ({ message }) => [say('\x00\xff garbage\r\n', framed(message()), 'GET / HTTP/1.1\r\n\r\n', framed(message({ id: '2', hr: 72 })), '\x00\x00')], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'no start block', steps: ({ message }) => [say(message(), '\x1c\r', message({ id: '2', hr: 72 }), '\x1c\r')], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'lines that end in CR LF, and in LF', steps: ({ message }) => [say(framed(message({ end: '\r\n' })), framed(message({ id: '2', hr: 72, end: '\n' })))], answers: ['AA 1', 'AA 2'], stored: { '': [71, 72] } },
  { name: 'one socket more than an address may have', steps: ({ message }) => [{ do: 'crowd' }, say(framed(message()))], answers: ['AA 1'], stored: ONE },
  { name: 'many beds on one socket', steps: ({ message, device }) => [say(framed(message()), framed(message({ device: `${device}b`, hr: 82 })), framed(message({ device: `${device}c`, hr: 83 })), framed(message({ id: '2', hr: 72 })))], answers: ['AA 1', 'AA 1', 'AA 1', 'AA 2'], stored: { '': [71, 72], b: [82], c: [83] } },
  {
    name: `a frame that is never ended, though bytes dribble in, within ${linkLimits.frameDeadlineMs} ms`,
    steps: ({ message }) => [say('\x0b', message().slice(0, 99)), ...Array.from({ length: 14 }, (): Step[] => [wait(2_000), say('x')]).flat(), { do: 'be closed', ms: 5_000 }],
    answers: [],
    stored: {},
    quarantined: 1,
    isSlow: true,
  },
]

const charsets: readonly TortureCase[] = [
  { name: 'UTF-8', steps: ({ message }) => [say(framed(utf8(message({ charset: 'UNICODE UTF-8', patient: 'Åström Łucja €' }))))], answers: ['AA 1'], stored: ONE, patient: 'Åström Łucja €' },
  { name: '8859/1', steps: ({ message }) => [say(framed(Buffer.from(message({ charset: '8859/1', patient: 'Åström' }), 'latin1')))], answers: ['AA 1'], stored: ONE, patient: 'Åström' },
  { name: '8859/15', steps: ({ message }) => [say(framed(latin9(message({ charset: '8859/15', patient: 'Šœ €' }))))], answers: ['AA 1'], stored: ONE, patient: 'Šœ €' },
  { name: 'UTF-16 with a mark', steps: ({ message }) => [say(framed(Buffer.from(`\ufeff${message({ charset: 'UNICODE UTF-16', patient: 'Łucja' })}`, 'utf16le')))], answers: ['AA 1'], stored: ONE, patient: 'Łucja' },
  { name: 'UTF-16 that says it is ASCII', steps: ({ message }) => [say(framed(utf16be(message({ charset: 'ASCII', patient: 'Łucja' }))))], answers: ['AA 1'], stored: ONE, patient: 'Łucja' },
  { name: 'UTF-8 that says it is 8859/1', steps: ({ message }) => [say(framed(utf8(message({ charset: '8859/1', patient: 'Åström' }))))], answers: ['AA 1'], stored: ONE, patient: 'Åström' },
  { name: '8859/1 that says it is UTF-8', steps: ({ message }) => [say(framed(Buffer.from(message({ charset: 'UNICODE UTF-8', patient: 'Åström' }), 'latin1')))], answers: ['AA 1'], stored: ONE, patient: 'Åström' },
]

const identities: readonly TortureCase[] = [
  { name: 'the same message again: stored once, answered twice', steps: ({ message }) => [say(framed(message()), framed(message())), { do: 'await', answers: 2 }, say(framed(message()))], answers: ['AA 1', 'AA 1', 'AA 1'], stored: ONE },
  { name: 'the same message again, over another socket', steps: ({ message }) => [say(framed(message({ accept: 'AL' }))), { do: 'await', answers: 1 }, { do: 'call again' }, say(framed(message({ accept: 'AL' })))], answers: ['CA 1', 'CA 1'], stored: ONE },
  { name: 'the same message again after a restart of the gateway', steps: ({ message }) => [say(framed(message())), { do: 'await', answers: 1 }, { do: 'restart the gateway' }, { do: 'call again' }, say(framed(message()))], answers: ['AA 1', 'AA 1'], stored: ONE },
  { name: 'a monitor that restarted and counts from one again', steps: ({ message }) => [say(framed(message())), { do: 'await', answers: 1 }, say(framed(message({ hr: 72 })))], answers: ['AA 1', 'AA 1'], stored: { '': [71, 72] }, alerts: ['technical/control-id-reused'] },
  { name: 'an empty control id', steps: ({ message }) => [say(framed(message({ id: '' })), framed(message({ id: '', hr: 72 })))], answers: ['AA ', 'AA '], stored: { '': [71, 72] } },
]

const modes: readonly TortureCase[] = [
  { name: 'MSH-15 AL', steps: ({ message }) => [say(framed(message({ accept: 'AL', application: 'NE' })), framed(message({ id: '2', type: 'ORM^O01', accept: 'AL' })))], answers: ['CA 1', 'CR 2'], stored: ONE, quarantined: 1 },
  { name: 'MSH-15 ER', steps: ({ message }) => [say(framed(message({ accept: 'ER', application: 'NE' })), framed(message({ id: '2', type: 'ORM^O01', accept: 'ER' })))], answers: [...ER_ON_SUCCESS, 'CR 2'], stored: ONE, quarantined: 1 },
  { name: 'MSH-15 SU', steps: ({ message }) => [say(framed(message({ accept: 'SU', application: 'NE' })), framed(message({ id: '2', type: 'ORM^O01', accept: 'SU' })))], answers: ['CA 1'], stored: ONE, quarantined: 1 },
  { name: 'MSH-15 NE, MSH-16 AL', steps: ({ message }) => [say(framed(message({ accept: 'NE', application: 'AL' })), framed(message({ id: '2', type: 'ORM^O01', accept: 'NE', application: 'AL' })))], answers: ['AA 1', 'AR 2'], stored: ONE, quarantined: 1 },
  { name: 'MSH-15 and MSH-16 NE', steps: ({ message }) => [say(framed(message({ accept: 'NE', application: 'NE' })), framed(message({ id: '2', hr: 72 })))], answers: ['AA 2'], stored: { '': [71, 72] } },
]

const judgements: readonly TortureCase[] = [
  { name: 'processing id D: stored, flagged, no alert', steps: ({ message }) => [say(framed(message({ processing: 'D', hr: 250 })))], answers: ['AA 1'], stored: { '': [250] }, flag: 'demo' },
  { name: 'processing id T: stored, flagged, no alert', steps: ({ message }) => [say(framed(message({ processing: 'T', hr: 250 })))], answers: ['AA 1'], stored: { '': [250] }, flag: 'test' },
  { name: 'an unknown processing id', steps: ({ message }) => [say(framed(message({ processing: 'X' })))], answers: ['AR 1'], stored: {}, quarantined: 1 },
  {
    name: 'a message of which a part is not believed',
    steps: ({ message }) => [say(framed(message({ more: ['OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1.150456|many|262688^MDC_DIM_PERCENT^MDC|||||R'] })))],
    answers: ['AA 1'],
    stored: ONE,
    quarantined: 1,
    alerts: ['technical/quarantine'],
  },
  { name: 'a message type that is not ours', steps: ({ message }) => [say(framed(message({ type: 'ORM^O01' })), framed(message({ id: '2', type: 'MDM^T02', accept: 'AL' })))], answers: ['AR 1', 'CR 2'], stored: {}, quarantined: 2 },
  { name: 'two messages in one envelope', steps: ({ message }) => [say(framed(message() + message({ id: '2', hr: 72 })))], answers: ['AR 1'], stored: {}, quarantined: 1 },
  { name: 'separators that are none', steps: ({ message }) => [say(framed(message({ encoding: '^^^^' })))], answers: ['AR 1'], stored: {}, quarantined: 1 },
  { name: 'an envelope around something else', steps: ({ message }) => [say(framed('<html>'), framed(message()))], answers: ['AA 1'], stored: ONE, quarantined: 1 },
  { name: 'an acknowledgement is never acknowledged', steps: ({ message }) => [say(framed('MSH|^~\\&|A|B|C|D|||ACK|9|P|2.6\rMSA|AA|1\r'), framed(message()))], answers: ['AA 1'], stored: ONE },
  { name: 'one MiB exactly', steps: ({ message }) => [say(framed(ofLength(message(), MIB)))], answers: ['AA 1'], stored: ONE },
  { name: 'one MiB and a byte', steps: ({ message }) => [say(framed(ofLength(message(), MIB + 1)), framed(message({ id: '2', hr: 72 })))], answers: ['AR 1', 'AA 2'], stored: { '': [72] }, quarantined: 1 },
  { name: 'more segments than a message may have', steps: ({ message }) => [say(framed(message({ more: Array.from({ length: driverLimits.hl7SegmentsPerMessageMax }, () => 'NTE|1') })))], answers: ['AR 1'], stored: {}, quarantined: 1 },
]

export const TORTURE: readonly TortureCase[] = [...plain, ...charsets, ...identities, ...modes, ...judgements]
