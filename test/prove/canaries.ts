/** Identifiers that are nobody's, in the shapes that they have on a ward; each can be found again in any text, however it is written there. */

export const KINDS = ['name', 'mrn', 'serial', 'address', 'birth', 'phone'] as const
export type CanaryKind = (typeof KINDS)[number]
export type Canary = { readonly kind: CanaryKind; readonly text: string; readonly where: string }

const letters = (index: number): string => Array.from({ length: 4 }, (_, place) => String.fromCharCode(97 + (Math.floor(index / 26 ** place) % 26))).join('')
const digits = (index: number, length: number): string => String(index).padStart(length, '0')
const DAY_MS = 86_400_000
/** Days of birth are few: there are not more of them than this. */
export const BIRTHS_MAX = 20_000

/** No two alike, and none that comes about by chance: a time, a key or a hash holds nothing that looks like them. */
function textOf(kind: CanaryKind, index: number): string {
  switch (kind) {
    case 'name':
      return `Qv${letters(index)}zk`
    case 'mrn':
      return `99${digits((index * 7_919) % 100_000_000, 8)}`
    case 'serial':
      return `WQ${digits(index, 6)}ZX`
    case 'address':
      return `172.${100 + (index % 100)}.${100 + (Math.floor(index / 100) % 100)}.${200 + Math.floor(index / 10_000)}`
    case 'birth':
      return new Date(Date.UTC(1905, 0, 1) + (index % BIRTHS_MAX) * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')
    case 'phone':
      return `+49151${digits(index, 8)}`
  }
}

/** Plants: a new canary at each call, in turn of all kinds where none is asked for. */
export class Planter {
  readonly planted: Canary[] = []
  readonly #next = new Map<CanaryKind, number>()

  plant(where: string, kind: CanaryKind = KINDS[this.planted.length % KINDS.length] ?? 'name'): string {
    const index = this.#next.get(kind) ?? 1
    this.#next.set(kind, index + 1)
    const text = textOf(kind, index)
    this.planted.push({ kind, text, where })
    return text
  }
}

type Pattern = { readonly bytes: Buffer; readonly canary: Canary; readonly isWord: boolean }

const FILTER_BITS = 20
const KEY_BYTES = 4

/** Looks for many texts in many more bytes at once: by the first four bytes, and then in full. Letters in either case. */
export class Search {
  readonly #byStart = new Map<number, Pattern[]>()
  readonly #filter = new Uint8Array(2 ** FILTER_BITS)
  readonly found = new Set<Canary>()
  bytes = 0

  constructor(canaries: readonly Canary[]) {
    for (const canary of canaries) for (const { text, isWord } of waysToWrite(canary)) this.#learn({ bytes: Buffer.from(text.toLowerCase()), canary, isWord })
  }

  look(text: string | Uint8Array): void {
    const bytes = Buffer.from(typeof text === 'string' ? text : Buffer.from(text).toString('utf8'))
    this.bytes += bytes.length
    for (let place = 0; place < bytes.length; place++) bytes[place] = lower(bytes[place] ?? 0)
    for (let place = 0; place + KEY_BYTES <= bytes.length; place++) {
      const start = bytes.readUInt32LE(place)
      if (this.#filter[slotOf(start)] === 0) continue
      for (const { bytes: wanted, canary, isWord } of this.#byStart.get(start) ?? []) {
        const end = place + wanted.length
        if (end > bytes.length || bytes.compare(wanted, 0, wanted.length, place, end) !== 0) continue
        if (!isWord || (!isWordByte(bytes[place - 1]) && !isWordByte(bytes[end]))) this.found.add(canary)
      }
    }
  }

  #learn(pattern: Pattern): void {
    const start = pattern.bytes.readUInt32LE(0)
    const same = this.#byStart.get(start) ?? []
    same.push(pattern)
    this.#byStart.set(start, same)
    this.#filter[slotOf(start)] = 1
  }
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)
const isWordByte = (byte: number | undefined): boolean => byte !== undefined && /[0-9a-z]/i.test(String.fromCharCode(byte))
const slotOf = (start: number): number => Math.imul(start, 0x9e3779b1) >>> (32 - FILTER_BITS)

/** As it is, in hexadecimal, in base64 at each of its three places; a day of birth as people write it too. */
function waysToWrite({ kind, text }: Canary): readonly { readonly text: string; readonly isWord: boolean }[] {
  const isBirth = kind === 'birth'
  const dashed = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
  const plain = [{ text, isWord: isBirth }, ...(isBirth ? [{ text: dashed, isWord: false }] : []), ...(kind === 'phone' ? [{ text: text.slice(1), isWord: false }] : [])]
  return [...plain, ...[Buffer.from(text).toString('hex'), ...base64(text)].map((written) => ({ text: written, isWord: false }))]
}

/** What stands in the base64 of any longer text that holds it, whatever is before and after. */
const base64 = (text: string): readonly string[] =>
  [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
    return whole.toString('base64').slice(before === 0 ? 0 : before + 1, Math.floor((whole.length * 8) / 6))
  })
