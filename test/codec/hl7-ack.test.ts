import { Message } from 'node-hl7-client'
import { describe, expect, it } from 'vitest'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { type AckResult, ackCode, ackMessage } from '../../src/codec/hl7-ack.ts'
import { type Segment, readHl7 } from '../../src/codec/hl7.ts'

function headerOf(text: string): Segment {
  const read = readHl7(utf8(text), { segmentsMax: 10 })
  if (read.kind === 'broken') throw new Error(read.why)
  return read.message.header
}

const asking = (accept: string, application: string): Segment => headerOf(`MSH|^~\\&|APP|FAC|||20260101||ORU^R01^ORU_R01|7|P|2.6|||${accept}|${application}`)
const RESULTS: readonly AckResult[] = ['accept', 'error', 'reject']

describe('which acknowledgement a message asks for', () => {
  it.each([
    ['', '', ['AA', 'AE', 'AR']],
    ['AL', 'NE', ['CA', 'CE', 'CR']],
    ['AL', 'AL', ['CA', 'CE', 'CR']],
    ['AL', '', ['CA', 'CE', 'CR']],
    ['ER', 'NE', ['CA', 'CE', 'CR']],
    ['ER', '', ['CA', 'CE', 'CR']],
    ['SU', 'NE', ['CA', null, null]],
    ['NE', 'AL', ['AA', 'AE', 'AR']],
    ['NE', 'ER', [null, 'AE', 'AR']],
    ['NE', 'SU', ['AA', null, null]],
    ['NE', 'NE', [null, null, null]],
    ['NE', '', ['AA', 'AE', 'AR']],
    ['', 'AL', ['AA', 'AE', 'AR']],
    ['', 'NE', ['AA', 'AE', 'AR']],
    ['??', '!!', ['AA', 'AE', 'AR']],
  ])('MSH-15 %j, MSH-16 %j: %j', (accept, application, codes) => expect(RESULTS.map((result) => ackCode(asking(accept, application), result))).toEqual(codes))
})

describe('an acknowledgement', () => {
  const header = headerOf('MSH|^~\\&|APP^00A0^EUI-64|FAC|RECV|WARD|20260101||ORU^R01^ORU_R01|MSG\\T\\7|D|2.6|||AL|NE||8859/1')
  const ack = (code: 'CA' | 'CE', text: string, at = ''): string => latin1(ackMessage(header, { code, text, at }, 'utf-8'))

  it('swaps sender and receiver, names the message by its own control id, and keeps its processing id, version and charset', () => {
    expect(ack('CA', '')).toBe('MSH|^~\\&|RECV|WARD|APP^00A0^EUI-64|FAC|||ACK^R01^ACK|AMSG\\T\\7|D|2.6||||||8859/1\rMSA|CA|MSG\\T\\7\r')
  })

  it('may tell why and when, and says the same every time', () => {
    expect(ack('CE', 'the disk is full', '20260102')).toBe(
      'MSH|^~\\&|RECV|WARD|APP^00A0^EUI-64|FAC|20260102||ACK^R01^ACK|AMSG\\T\\7|D|2.6||||||8859/1\rMSA|CE|MSG\\T\\7|the disk is full\r',
    )
    expect(ack('CE', 'why')).toBe(ack('CE', 'why'))
  })

  it('is in the separators of the message, which never stand in its text', () => {
    const odd = headerOf('MSH$%!*#@$A$B$$$$$ORU%R01$1$P$2.3')
    const refusal = latin1(ackMessage(odd, { code: 'AR', text: 'not wanted! 100 %', at: '' }, 'utf-8'))
    expect(refusal).toBe('MSH$%!*#@$$$A$B$$$ACK%R01%ACK$A1$P$2.3\rMSA$AR$1$not wanted  100  \r')
  })

  it('is understood by node-hl7-client', () => {
    const read = new Message({ text: ack('CE', 'why').trimEnd() })
    expect(['MSA.1', 'MSA.2', 'MSH.5.1', 'MSH.9.1'].map((path) => read.get(path).toString())).toEqual(['CE', 'MSG&7', 'APP', 'ACK'])
  })

  it('of a message without type or control id still has its place for them', () => {
    expect(latin1(ackMessage(headerOf('MSH|^~\\&|A'), { code: 'AA', text: '', at: '' }, 'utf-8'))).toBe('MSH|^~\\&|||A||||ACK|A\rMSA|AA\r')
  })

  it('comes in the charset of the message', () => {
    const named = headerOf('MSH|^~\\&|Küche')
    expect(Array.from(ackMessage(named, { code: 'AA', text: '', at: '' }, 'latin1')).filter((byte) => byte > 0x7f)).toEqual([0xfc])
    expect(Array.from(ackMessage(named, { code: 'AA', text: '', at: '' }, 'utf-8')).filter((byte) => byte > 0x7f)).toEqual([0xc3, 0xbc])
  })
})
