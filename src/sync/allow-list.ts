/**
 * What may leave, as data; and the encoder that is made of it. The encoder builds its answer from the fields that the shape names
 * and looks at nothing else, so a field that is not named does not leave, and a text leaves only as a word of a closed list or in a
 * form that proves what it is. Pure.
 */

/** `says`: what it is, for people. */
type Said = { readonly says: string }
export type Word<Words extends string = string> = Said & { readonly kind: 'word'; readonly words: ReadonlySet<Words> }
export type Form = Said & { readonly kind: 'form'; readonly is: (text: string) => boolean }
export type Quantity = Said & { readonly kind: 'number'; readonly min: number; readonly max: number; readonly whole: boolean }
export type Nothing = { readonly kind: 'nothing' }
export type List<Of extends Shape = Shape> = { readonly kind: 'list'; readonly of: Of; readonly itemsMax: number }
export type Record<Fields extends FieldShapes = FieldShapes> = { readonly kind: 'record'; readonly fields: Fields }
export type Maybe<Of extends Shape = Shape> = { readonly kind: 'maybe'; readonly of: Of }
/** A number, or something else. */
export type Either<One extends Shape = Shape, Other extends Shape = Shape> = { readonly kind: 'either'; readonly one: One; readonly other: Other }
export type Shape = Word | Form | Quantity | Nothing | { readonly kind: 'list'; readonly of: Shape; readonly itemsMax: number } | { readonly kind: 'record'; readonly fields: FieldShapes }
  | { readonly kind: 'maybe'; readonly of: Shape } | { readonly kind: 'either'; readonly one: Shape; readonly other: Shape }
type FieldShapes = { readonly [name: string]: Shape }

/** What has this shape. */
export type Allowed<Of> = Of extends { readonly kind: 'word'; readonly words: ReadonlySet<infer Words> } ? Words
  : Of extends { readonly kind: 'form' } ? string
  : Of extends { readonly kind: 'number' } ? number
  : Of extends { readonly kind: 'nothing' } ? null
  : Of extends { readonly kind: 'maybe'; readonly of: infer Inner } ? Allowed<Inner> | null
  : Of extends { readonly kind: 'either'; readonly one: infer One; readonly other: infer Other } ? Allowed<One> | Allowed<Other>
  : Of extends { readonly kind: 'list'; readonly of: infer Item } ? readonly Allowed<Item>[]
  : Of extends { readonly kind: 'record'; readonly fields: infer Fields } ? { readonly [Name in keyof Fields]: Allowed<Fields[Name]> }
  : never

export const word = <const Words extends string>(words: Iterable<Words>, says: string): Word<Words> => ({ kind: 'word', words: new Set(words), says })
/** One word and no other. */
export const always = <const Only extends string>(only: Only): Word<Only> => word([only], `\`${only}\``)
export const form = (is: (text: string) => boolean, says: string): Form => ({ kind: 'form', is, says })
export const quantity = (min: number, max: number, says: string): Quantity => ({ kind: 'number', min, max, whole: false, says })
export const whole = (min: number, max: number, says: string): Quantity => ({ kind: 'number', min, max, whole: true, says })
export const NOTHING: Nothing = { kind: 'nothing' }
export const maybe = <const Of extends Shape>(of: Of): Maybe<Of> => ({ kind: 'maybe', of })
export const either = <const One extends Shape, const Other extends Shape>(one: One, other: Other): Either<One, Other> => ({ kind: 'either', one, other })
export const list = <const Of extends Shape>(of: Of, itemsMax: number): List<Of> => ({ kind: 'list', of, itemsMax })
export const record = <const Fields extends FieldShapes>(fields: Fields): Record<Fields> => ({ kind: 'record', fields })

export type Encoded<Of> =
  | { readonly kind: 'allowed'; readonly value: Allowed<Of> }
  /** `at` is the path of what has not the shape; what stands there is not repeated. */
  | { readonly kind: 'refused'; readonly at: string }

class Refused extends Error {
  readonly at: string
  constructor(at: string) {
    super(`not allowed at ${at}`)
    this.at = at
  }
}

type Encode = (value: unknown, at: string) => unknown
const refuse = (at: string): never => {
  throw new Refused(at)
}

/** Once for each shape: what comes of it is called for each event. */
export function encoderOf<const Of extends Shape>(shape: Of): (value: unknown) => Encoded<Of> {
  const encode = encoding(shape)
  return (value) => {
    try {
      // The one place where a value becomes what its shape says: everything in it was copied by the functions below.
      return { kind: 'allowed', value: encode(value, '') as Allowed<Of> }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return { kind: 'refused', at: error.at }
    }
  }
}

function encoding(shape: Shape): Encode {
  switch (shape.kind) {
    case 'word': {
      const words: ReadonlySet<string> = shape.words
      return (value, at) => (typeof value === 'string' && words.has(value) ? value : refuse(at))
    }
    case 'form':
      return (value, at) => (typeof value === 'string' && shape.is(value) ? value : refuse(at))
    case 'number': {
      const { min, max, whole: isWhole } = shape
      return (value, at) => (typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isSafeInteger(value)) ? value : refuse(at))
    }
    case 'nothing':
      return (value, at) => (value === null ? null : refuse(at))
    case 'maybe': {
      const inner = encoding(shape.of)
      return (value, at) => (value === null ? null : inner(value, at))
    }
    case 'either': {
      const [number, other] = shape.one.kind === 'number' ? [encoding(shape.one), encoding(shape.other)] : [encoding(shape.other), encoding(shape.one)]
      return (value, at) => (typeof value === 'number' ? number(value, at) : other(value, at))
    }
    case 'list': {
      const item = encoding(shape.of)
      const { itemsMax } = shape
      return (value, at) => (Array.isArray(value) && value.length <= itemsMax ? value.map((one: unknown) => item(one, `${at}[]`)) : refuse(at))
    }
    case 'record':
      return recordEncoding(shape.fields)
  }
}

function recordEncoding(fields: FieldShapes): Encode {
  const encodings = Object.entries(fields).map(([name, shape]) => [name, encoding(shape)] as const)
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(at)
    const given = new Map(Object.entries(value))
    return Object.fromEntries(encodings.map(([name, encode]) => [name, encode(given.get(name), at === '' ? name : `${at}.${name}`)]))
  }
}

/** All names of fields in it. */
export function fieldNamesOf(shape: Shape): readonly string[] {
  switch (shape.kind) {
    case 'record':
      return Object.entries(shape.fields).flatMap(([name, field]) => [name, ...fieldNamesOf(field)])
    case 'list':
    case 'maybe':
      return fieldNamesOf(shape.of)
    case 'either':
      return [...fieldNamesOf(shape.one), ...fieldNamesOf(shape.other)]
    case 'word':
    case 'form':
    case 'number':
    case 'nothing':
      return []
  }
}

/** All words that may stand in it. */
export function wordsOf(shape: Shape): readonly string[] {
  switch (shape.kind) {
    case 'word':
      return [...shape.words]
    case 'record':
      return Object.values(shape.fields).flatMap(wordsOf)
    case 'list':
    case 'maybe':
      return wordsOf(shape.of)
    case 'either':
      return [...wordsOf(shape.one), ...wordsOf(shape.other)]
    case 'form':
    case 'number':
    case 'nothing':
      return []
  }
}

/** Its fields, one line each, as people read them: the path, and what stands there. */
export function linesOf(shape: Shape, at = ''): readonly { readonly path: string; readonly says: string }[] {
  const path = at
  switch (shape.kind) {
    case 'record':
      return Object.entries(shape.fields).flatMap(([name, field]) => linesOf(field, at === '' ? name : `${at}.${name}`))
    case 'list':
      return linesOf(shape.of, `${at}[]`)
    case 'maybe':
      return linesOf(shape.of, at).map((line) => (line.path === at ? { ...line, says: `${line.says}; or null` } : line))
    case 'either':
      return [...linesOf(shape.one, at), ...linesOf(shape.other, at)]
    case 'word':
    case 'form':
    case 'number':
      return [{ path, says: shape.says }]
    case 'nothing':
      return [{ path, says: 'always null' }]
  }
}
