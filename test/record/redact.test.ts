import { describe, expect, it } from 'vitest'
import { masked, redacted, unredacted } from '../../src/record/redact.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

const MESSAGE = [
  '\x0bMSH|^~\\&|MON-1|WARD|VIGIL|WARD|20260115020000|secret8|ORU^R01|1234|P|2.6',
  'PID|||10001^^^Hospital||Zwiebelfisch^Ada||19510203|F',
  'NK1|1|Zwiebelfisch^Otto',
  'OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1|78|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R||||Nurse^Nora',
  'OBX|2|ST|1^NOTE||Zwiebelfisch is restless',
  'OBX|3|NM|1^HR^MDC|1.1|80|bpm|||||RPID|||10001||Zwiebelfisch^Ada',
  'garbage Zwiebelfisch',
  '\x1c',
].join('\r')

describe('a redacted frame', () => {
  it('of HL7 shows its structure, codes and numbers, and nobody', () => {
    const lines = redacted(bytes(MESSAGE))
    expect(lines.join('\n')).not.toMatch(/Zwiebel|Ada|Otto|10001|1951|Nora|secret/)
    expect(lines).toEqual([
      'MSH|^~\\&|MON-1|WARD|VIGIL|WARD|20260115020000|xxxxxx9|ORU^R01|1234|P|2.6',
      'PID|||99999^^^xxxxxxxx||xxxxxxxxxxxx^xxx||99999999|x',
      'NK1|9|xxxxxxxxxxxx^xxxx',
      'OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1|78|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||x||||xxxxx^xxxx',
      'OBX|2|ST|1^NOTE||xxxxxxxxxxxx xx xxxxxxxx',
      'OBX|3|NM|1^HR^MDC|1.1|80|bpm|||||xxxx|||99999||xxxxxxxxxxxx^xxx',
      'xxxxxxx xxxxxxxxxxxx',
      '␜',
    ])
  })

  it('with separators of its own is masked whole', () => {
    expect(redacted(bytes('MSH#^~\\&#Zwiebelfisch'))).toEqual(['MSH#^~\\&#xxxxxxxxxxxx'])
  })

  it('of our JSON shows values and units, and nobody', () => {
    const [line = ''] = redacted(bytes(JSON.stringify({ id: 'a1', patient: { mrn: 4711, name: 'Zwiebelfisch' }, note: 'Ada', readings: [{ mdc: 'MDC_TEMP', value: 36.8 }] })))
    expect(JSON.parse(line)).toEqual({ id: 'a1', patient: { mrn: '9999', name: 'xxxxxxxxxxxx' }, note: 'xxx', readings: [{ mdc: 'MDC_TEMP', value: 36.8 }] })
  })

  it('of any JSON shows no number that could be somebody: quarantined is what has keys that nobody expected', () => {
    const text = JSON.stringify({ id: 7, mrn: 4711, phones: [5_551_234], patient: { id: '4711', contact: { phone: 5_551_234 } }, demo: true, readings: [{ mdc: 147_842, value: 80 }, { mdc: 1, value: 'Ada' }] })
    expect(JSON.parse(redacted(bytes(text))[0] ?? '')).toEqual({
      id: 7, mrn: '9999', phones: ['9999999'], patient: { id: '9999', contact: { phone: '9999999' } }, demo: true, readings: [{ mdc: 147_842, value: 80 }, { mdc: 1, value: 'xxx' }],
    })
  })

  it('of anything else shows how it is built', () => {
    expect(redacted(bytes('{"patient": "Zwieb'))).toEqual(['{"xxxxxxx": "xxxxx'])
    expect(redacted(bytes('SPO2=97% Ä\x1b[31m'))).toEqual(['xxx9=99% x␛[99x'])
    expect(masked('')).toBe('')
  })

  it('as it came never moves the cursor of a terminal', () => {
    expect(unredacted(bytes('PID|\x1b[2JAda\r\nX\x7f\x9b'))).toEqual(['PID|␛[2JAda', 'X␡␡'])
  })
})
