import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { type Charset, decodeHl7, encodeHl7 } from '../../src/codec/charset.ts'

const header = (charset: string): string => `MSH|^~\\&|A|B|||||ORU^R01|1|P|2.6||||||${charset}\rPID|||`
const bytesOf = (stated: string, ...name: readonly number[]): Uint8Array => Uint8Array.from([...utf8(header(stated)), ...name])

const nameOf = (bytes: Uint8Array): string => decodeHl7(bytes).text.split('|||').at(-1) ?? ''

describe('the charset of a message', () => {
  it.each([
    ['UNICODE UTF-8', [0xc3, 0xa9], 'é', 'utf-8'],
    ['UNICODE', [0xc3, 0xa9], 'é', 'utf-8'],
    ['', [0xc3, 0xa9], 'é', 'utf-8'],
    ['ASCII', [0xc3, 0xa9], 'é', 'utf-8'],
    ['8859/1', [0xe9], 'é', 'latin1'],
    ['8859/15', [0xa4], '€', 'iso-8859-15'],
    ['8859/2', [0xb3], 'ł', 'iso-8859-2'],
    ['8859/5~UNICODE', [0xd4], 'д', 'iso-8859-5'],
    ['', [0xe9], 'é', 'latin1'],
    ['ASCII', [0xe9], 'é', 'latin1'],
    ['UNICODE UTF-8', [0xe9], 'é', 'latin1'],
    ['8859/1', [0xc3, 0xa9], 'é', 'utf-8'],
    ['8859/99', [0xe9], 'é', 'latin1'],
    ['8859/12', [0xe9], 'é', 'latin1'],
  ])('%j with bytes %j is read as %j', (stated, name, text, charset) => {
    expect(nameOf(bytesOf(stated, ...name))).toBe(text)
    expect(decodeHl7(bytesOf(stated, ...name)).charset).toBe(charset)
  })

  it.each(['utf-16le', 'utf-16be'] as const)('%s shows by its zero bytes', (charset) => {
    const bytes = encodeHl7(`${header('UNICODE UTF-16')}é`, charset)
    expect(decodeHl7(bytes)).toEqual({ text: `${header('UNICODE UTF-16')}é`, charset })
  })

  it('never fails, and drops a byte order mark', () => {
    expect(decodeHl7(new Uint8Array(0))).toEqual({ text: '', charset: 'utf-8' })
    expect(decodeHl7(Uint8Array.of(0xef, 0xbb, 0xbf, 0x4d)).text).toBe('M')
    expect(decodeHl7(Uint8Array.of(0xff)).text).toBe('ÿ')
  })

  it.each(['utf-8', 'utf-16le', 'utf-16be', 'iso-8859-15', 'latin1'] satisfies Charset[])('%s goes round', (charset) => {
    const text = `${header(charset.startsWith('iso') ? '8859/15' : '')}Zoë Müller`
    expect(decodeHl7(encodeHl7(text, charset)).text).toBe(text)
  })

  it('has a question mark for what it lacks', () => {
    expect(Array.from(encodeHl7('aд', 'latin1'))).toEqual([0x61, 0x3f])
  })
})
