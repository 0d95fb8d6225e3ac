import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { TryView } from '../../src/cli/try-view.ts'
import { monoMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import { toolLimits } from '../../src/limits.ts'

const LINE = '03/17/16 19:19:36 SPO2=098% BPM=123 ALARM=000000 EXC=0000C00\r\n'
const masimo = driverOf('masimo-ascii')
const PATIENCE = toolLimits.tryPatienceMs

function viewOf(...said: readonly (readonly [number, string])[]): TryView {
  const view = new TryView(masimo)
  const session = masimo.open({})
  for (const [atMs, text] of said) view.take(text.length, session.receive(utf8(text), monoMs(0)).frames, atMs)
  return view
}

describe('the table', () => {
  it('has each value once, the last one, with its age; what is absent says why', () => {
    const view = viewOf([0, LINE], [1_000, LINE.replace('098', '097').replace('BPM=123', 'BPM=---')])
    expect(view.lines('/dev/ttyUSB0 9600 8N1', 4_200)).toEqual([
      `/dev/ttyUSB0 9600 8N1 as masimo-ascii: 4 s, ${2 * LINE.length} bytes heard, 0 sent`,
      'frames: 2 good, 0 quarantined, 0 bad, 0 skipped',
      expect.stringMatching(/^ +PR +\(not-measured\) +3 s +low-signal zone-assumed$/),
      expect.stringMatching(/^ +SpO₂ +97 % +3 s +low-signal zone-assumed$/),
    ])
  })

  it('shows alarms as long as they are there, and what was not believed last', () => {
    const low = LINE.replace('ALARM=000000', 'ALARM=000012')
    const view = viewOf([0, LINE], [1, low], [2, low])
    expect(view.lines('x', 3).join('\n')).toContain('alarm: medium physiological')
    const session = masimo.open({})
    for (const text of [LINE, low, low, LINE, LINE, 'HELLO\r\n']) view.take(text.length, session.receive(utf8(text), monoMs(0)).frames, 4)
    expect(view.lines('x', 5).join('\n')).not.toContain('alarm:')
    expect(view.lines('x', 5).join('\n')).toContain('last not believed: quarantined, byte')
  })

  it('has so many rows, and no more', () => {
    const view = new TryView(masimo)
    const [frame] = masimo.open({}).receive(utf8(LINE), monoMs(0)).frames
    if (frame?.kind !== 'good') throw new Error('not read')
    const [reading] = frame.readings
    if (reading === undefined) throw new Error('nothing read')
    const many = Array.from({ length: toolLimits.tryRowsMax + 1 }, (_, index) => ({ ...reading, channel: String(index) }))
    view.take(1, [{ ...frame, readings: many }], 0)
    expect(view.lines('x', 0).filter((line) => line.includes('SpO₂'))).toHaveLength(toolLimits.tryRowsMax)
  })
})

describe('words', () => {
  it('are none while frames come, and while it is too early', () => {
    expect(viewOf([0, LINE]).advice(PATIENCE - 1)).toBeNull()
    expect(viewOf().advice(PATIENCE - 1)).toBeNull()
  })

  it('say that nothing comes: by itself, or though it was asked', () => {
    expect(viewOf().advice(PATIENCE)).toMatch(/^It has said nothing for 5 s: is it on/)
    const asked = viewOf()
    asked.sent(7)
    expect(asked.advice(PATIENCE)).toMatch(/^It was asked \(7 bytes were sent\) and does not answer for 5 s/)
  })

  it('say that bytes come which are no frames: wrong speed?', () => {
    expect(viewOf([0, '\u0000\u0001xyz\r\n'], [PATIENCE, 'abc\r\n']).advice(PATIENCE)).toMatch(/^12 bytes came, and none is a good frame of masimo-ascii: another speed or parity/)
  })

  it('say that it fell silent, or speaks no sense any more', () => {
    expect(viewOf([0, LINE]).advice(PATIENCE)).toBe('Nothing has come for 5 s: was it switched off, or the cable pulled?')
    expect(viewOf([0, LINE], [PATIENCE, 'HELLO\r\n']).advice(PATIENCE + 1)).toMatch(/^Bytes come, but no good frame for 5 s \(quarantined, byte/)
  })
})
