import fc from 'fast-check'
import { Message } from 'node-hl7-client'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { type Hl7Message, type Separators, part, readHl7, unescape } from '../../src/codec/hl7.ts'

const BOUNDS = { segmentsMax: 100 }
const USUAL: Separators = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' }

function messageOf(text: string): Hl7Message {
  const read = readHl7(utf8(text), BOUNDS)
  if (read.kind === 'broken') throw new Error(read.why)
  return read.message
}

const ESCAPED: Readonly<Record<string, string>> = { '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\\': '\\E\\' }
const escape = (text: string): string => text.replaceAll(/[|^&~\\]/g, (character) => ESCAPED[character] ?? '')

const brokenOf = (text: string): string => {
  const read = readHl7(utf8(text), BOUNDS)
  return read.kind === 'broken' ? read.why : 'not broken'
}

describe('a message', () => {
  const text = 'MSH|^~\\&|APP^00A0^EUI-64|FAC|||20260101||ORU^R01^ORU_R01|7|P|2.6\rPID|||X-1~Y-2^^^H||Vega&van^Ilse\rOBX|1|NM|147842^HR^MDC||80'

  it('gives fields as they came, and MSH counted as the standard counts', () => {
    const { header, segments } = messageOf(text)
    expect([0, 1, 2, 3, 10, 12, 13, 99].map((n) => header.field(n))).toEqual(['MSH', '|', '^~\\&', 'APP^00A0^EUI-64', '7', '2.6', '', ''])
    expect(segments.map(({ id }) => id)).toEqual(['MSH', 'PID', 'OBX'])
    expect(segments[1]?.raw).toBe('PID|||X-1~Y-2^^^H||Vega&van^Ilse')
    expect(segments[2]?.field(0)).toBe('OBX')
    expect(segments[2]?.isEmpty(4)).toBe(true)
    expect(segments[2]?.isEmpty(5)).toBe(false)
    expect(segments[2]?.isEmpty(6)).toBe(true)
  })

  it('gives repetitions, components and subcomponents', () => {
    const [, pid] = messageOf(text).segments
    expect(pid?.repetitions(3)).toEqual(['X-1', 'Y-2^^^H'])
    expect(pid?.value(3)).toBe('X-1')
    expect(pid?.component(5, 1)).toBe('Vega&van')
    expect(pid?.value(5, 1, 2)).toBe('van')
    expect(pid?.value(5, 2)).toBe('Ilse')
    expect(pid?.value(5, 3)).toBe('')
  })

  it.each(['\r', '\n', '\r\n', '\r\r', '\u240d'])('ends its segments with %j as well', (end) => {
    expect(messageOf(text.replaceAll('\r', end)).segments.map(({ raw }) => raw)).toEqual(text.split('\r'))
  })

  it('may begin with blanks, and glyphs for control characters', () => {
    expect(messageOf(`\r\n  ${text}`).segments).toHaveLength(3)
    expect(messageOf(`\u240b${text.replaceAll('\r', '\u240d')}\u241c`).segments.at(-1)?.raw).toBe('OBX|1|NM|147842^HR^MDC||80')
  })

  it('reads every field of a segment, however many it has', () => {
    for (let count = 1; count <= 40; count++) {
      const wanted = Array.from({ length: count }, (_, n) => `f${n + 1}`)
      for (const accent of ['', 'é']) {
        const zzz = messageOf(`MSH|^~\\&|${accent}\rZZZ|${wanted.join('|')}\rOBX|1|2`).segments[1]
        expect(wanted.map((_, n) => zzz?.field(n + 1))).toEqual(wanted)
        expect([zzz?.field(count + 1), zzz?.isEmpty(count), zzz?.isEmpty(count + 1)]).toEqual(['', false, true])
        const msh = messageOf(`MSH|^~\\&|${[...wanted, accent].join('|')}\rOBX|1|2`).header
        expect(wanted.map((_, n) => msh.field(n + 3))).toEqual(wanted)
      }
    }
  })

  it('reads fields far behind those of OBX', () => {
    const fields = Array.from({ length: 40 }, (_, n) => `f${n + 1}`)
    const zzz = messageOf(`MSH|^~\\&|\rZZZ|${fields.join('|')}`).segments[1]
    expect(fields.map((_, n) => zzz?.field(n + 1))).toEqual(fields)
    expect(zzz?.field(41)).toBe('')
    expect(zzz?.isEmpty(30)).toBe(false)
    expect(zzz?.isEmpty(41)).toBe(true)
  })

  it('tells a line that is no segment', () => {
    expect(messageOf('MSH|^~\\&|\rOBX|1\rnothing here\rOBX').segments.map(({ id }) => id)).toEqual(['MSH', 'OBX', '', 'OBX'])
  })

  it('takes its separators from MSH, fewer of them too', () => {
    const { separators, header } = messageOf('MSH$%*#@$A%B$C')
    expect(separators).toEqual({ field: '$', component: '%', repetition: '*', escape: '#', subcomponent: '@' })
    expect(header.value(3, 2)).toBe('B')
    const few = messageOf('MSH|^|A&B~C\\T\\')
    expect(few.separators).toEqual({ field: '|', component: '^', repetition: '', escape: '', subcomponent: '' })
    expect(few.header.value(3)).toBe('A&B~C\\T\\')
  })
})

describe('what is no message', () => {
  it.each([
    ['', 'does not begin with MSH'],
    ['PID|1', 'does not begin with MSH'],
    ['MSH', 'MSH-1 is no separator'],
    ['MSHx^~\\&x', 'MSH-1 is no separator'],
    ['MSH|', 'MSH-2 does not name the separators'],
    ['MSH|abc|', 'MSH-2 does not name the separators'],
    ['MSH|^~\\&#$|', 'MSH-2 does not name the separators'],
    ['MSH|^^\\&|', 'MSH-2 names one separator twice'],
  ])('%j: %s', (text, why) => expect(brokenOf(text)).toBe(why))

  it('still tells its control id, where MSH-1 can be read', () => {
    const read = readHl7(utf8('MSH|^^\\&|A||||||ORU^R01|12|P'), BOUNDS)
    expect(read.kind === 'broken' && read.header?.value(10)).toBe('12')
    expect(readHl7(utf8('PID|1'), BOUNDS)).toMatchObject({ header: null })
  })

  it('a message may have as many segments as are allowed, and no more', () => {
    const made = (count: number): string => `MSH|^~\\&|${'\rZZZ'.repeat(count - 1)}`
    expect(messageOf(made(100)).segments).toHaveLength(100)
    expect(brokenOf(made(101))).toBe('more than 100 segments')
  })
})

describe('escapes', () => {
  it.each([
    ['a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f', 'a|b^c&d~e\\f'],
    ['\\X41\\\\X4243\\', 'ABC'],
    ['\\XE9\\ \\XC3A9\\ \\X00E0\\', 'é é à'],
    ['\\H\\bold\\N\\', 'bold'],
    ['one\\.br\\two', 'one\ntwo'],
    ['\\Zvendor\\ stays', '\\Zvendor\\ stays'],
    ['half \\F', 'half \\F'],
    ['\\\\F\\', '\\|'],
    ['\\X4\\ and \\Xzz\\', '\\X4\\ and \\Xzz\\'],
  ])('%j is %j', (text, plain) => expect(unescape(text, USUAL)).toBe(plain))

  it('are put back whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(unescape(escape(text), USUAL)).toBe(text)
      }),
    )
  })

  it('never fail on any text, in linear time', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\\', 'X', '4', 'F', 'a') }), (text) => {
        expect(typeof unescape(text, USUAL)).toBe('string')
      }),
    )
    expect(unescape('\\'.repeat(100_000), USUAL)).toHaveLength(100_000)
  })
})

describe('part', () => {
  it('agrees with split', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('^', 'a', '') }), fc.integer({ min: 1, max: 9 }), (text, n) => {
        expect(part(text, '^', n)).toBe(text.split('^')[n - 1] ?? '')
      }),
    )
  })
})

describe('beside node-hl7-client', () => {
  // Blanks are left out: it trims the message, and we do not.
  const word = fc.string({ unit: fc.constantFrom('a', 'B', '7', 'é', '|', '^', '&', '~', '\\', '.'), maxLength: 6 })
  const components = fc.array(word, { minLength: 1, maxLength: 4 })
  const field = fc.array(components, { minLength: 1, maxLength: 3 })
  const segment = fc.record({ id: fc.constantFrom('PID', 'PV1', 'OBR', 'OBX', 'ZZZ'), fields: fc.array(field, { minLength: 1, maxLength: 20 }) })
  const written = (fields: readonly (readonly (readonly string[])[])[]): string =>
    fields.map((repetitions) => repetitions.map((parts) => parts.map(escape).join('^')).join('~')).join('|')

  it('reads the same text from every component of valid messages', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (segments) => {
        const text = ['MSH|^~\\&|A|B|||20260101||ORU^R01^ORU_R01|1|P|2.6', ...segments.map(({ id, fields }) => `${id}|${written(fields)}`)].join('\r')
        const ours = messageOf(text).segments
        const theirs = [...new Message({ text })]
        expect(ours).toHaveLength(theirs.length)
        const compared = segments.flatMap(({ id, fields }, index) =>
          fields.flatMap((repetitions, at) => {
            const [mine, other] = [ours[index + 1], theirs[index + 1]]
            return (repetitions[0] ?? []).map((plain, component) => {
              const path = `${id}.${at + 1}.${component + 1}`
              const [text, theirText] = [mine?.value(at + 1, component + 1), other?.get(path).toString()]
              return { path, written: plain, ours: text, theirs: theirText, repetitions: mine?.repetitions(at + 1).length }
            })
          }),
        )
        const wanted = segments.flatMap(({ id, fields }) =>
          fields.flatMap((repetitions, at) =>
            (repetitions[0] ?? []).map((plain, component) => {
              return { path: `${id}.${at + 1}.${component + 1}`, written: plain, ours: plain, theirs: plain, repetitions: repetitions.length }
            }),
          ),
        )
        expect(compared).toEqual(wanted)
      }),
      { numRuns: 150 },
    )
  })

  it('is total where text is damaged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, headed) => {
        const content = headed ? Uint8Array.from([...utf8('MSH|^~\\&|A|B\r'), ...bytes]) : bytes
        const read = readHl7(content, BOUNDS)
        if (read.kind === 'broken') return
        for (const segment of read.message.segments) {
          for (const n of [0, 1, 2, 5, 17, 18, 30]) {
            segment.value(n)
            expect(segment.isEmpty(n)).toBe(segment.field(n) === '')
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
