import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import nonin from '../../drivers/nonin/driver.ts'
import { concat, utf8 } from '../../src/codec/bytes.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Extract<Frame, { kind: 'good' }>
const framesIn = (...pieces: readonly (Uint8Array | string)[]): Frame[] =>
  framesOf(nonin.open({}), [concat(pieces.map((piece) => (typeof piece === 'string' ? utf8(piece) : piece)))])
const isGood = (frame: Frame): frame is Good => frame.kind === 'good'
const goodsIn = (...pieces: readonly (Uint8Array | string)[]): Good[] => framesIn(...pieces).filter(isGood)
const kindsIn = (...pieces: readonly (Uint8Array | string)[]): string[] => framesIn(...pieces).map(({ kind }) => kind)
const said = ({ readings }: Good): (number | string)[] =>
  readings.map(({ measurement }) => (measurement.kind === 'measured' ? measurement.value : measurement.reason))
const hex = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16))

type Each = (frame: number) => number
type Made = { format?: 2 | 7; spo2?: number; heartRate?: number; status?: Each; pleth?: Each; values?: Readonly<Record<number, number>> }
function packet({ format = 2, spo2 = 97, heartRate = 72, status = () => 0x80, pleth = () => 100, values = {} }: Made = {}): Uint8Array {
  const at: Readonly<Record<number, number>> = { 0: heartRate >> 7, 1: heartRate & 0x7f, 2: spo2, 3: 48, ...values }
  return concat(
    Array.from({ length: 25 }, (_, index) => {
      const [bits, sample, value] = [status(index) | (index === 0 ? 1 : 0), pleth(index), at[index] ?? 0]
      const frame = format === 2 ? [1, bits, sample & 0xff, value] : [bits, sample >> 8, sample & 0xff, value]
      return Uint8Array.from([...frame, frame.reduce((sum, byte) => sum + byte, 0) & 0xff])
    }),
  )
}

/** The frames that are documented, and the idle ones that make a packet of them. */
const DOCUMENTED = ['01 81 01 00 83', '01 80 01 48 CA', '01 80 01 61 E3', '01 80 01 30 B2']
const IDLE = '01 80 01 00 82'
const rows = (...changed: readonly string[]): Uint8Array => concat([...changed, ...Array.from({ length: 25 - changed.length }, () => IDLE)].map(hex))

describe('the documented frames', () => {
  it('are a packet of data format 2: heart rate 72, SpO2 97', () => {
    const frames = framesIn(rows(...DOCUMENTED))
    expect(frames).toMatchObject([
      {
        kind: 'good', offset: 0, length: 125, sentAt: null, messageId: null, identity: null, faults: [], alarms: [],
        readings: [
          { metric: { id: 'MDC_PULS_OXIM_SAT_O2' }, measurement: { kind: 'measured', value: 97 }, deviceAt: null, flags: [] },
          { metric: { id: 'MDC_PULS_OXIM_PULS_RATE' }, measurement: { kind: 'measured', value: 72 }, deviceAt: null, flags: [] },
        ],
        waveforms: [{ metric: 'MDC_PULS_OXIM_PLETH', rateHz: 75, samples: Int32Array.from({ length: 25 }, () => 1) }],
      },
    ])
  })

  it('with a wrong checksum are no packet', () => {
    expect(kindsIn(rows('01 81 01 00 83', '01 80 01 48 CB'), rows(...DOCUMENTED))).toEqual(['skipped', 'good'])
    expect(kindsIn(rows('01 81 01 00 83', '01 80 01 48 CA', '01 80 01 61 E4'), rows(...DOCUMENTED))).toEqual(['bad', 'skipped', 'good'])
  })

  it('with a status without bit 7 are no packet', () => {
    expect(kindsIn(rows('01 81 01 00 83', '01 80 01 48 CA', '01 7F 01 61 E2'), rows(...DOCUMENTED))).toEqual(['bad', 'skipped', 'good'])
  })

  it('behind a head that came twice are found', () => {
    expect(framesIn(hex('01 81'), rows(...DOCUMENTED)).map(({ kind, offset }) => [kind, offset])).toEqual([['skipped', 0], ['good', 2]])
  })

  it('are not glued: a second SYNC within a packet begins another one', () => {
    expect(kindsIn(rows(...DOCUMENTED).subarray(0, 60), rows(...DOCUMENTED))).toEqual(['bad', 'good'])
  })
})

describe('packets', () => {
  it.each([2, 7] as const)('of format %s have all heart rates and saturations that can be', (format) => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 300 }), fc.integer({ min: 20, max: 100 }), (heartRate, spo2) => {
        expect(goodsIn(packet({ format, heartRate, spo2 })).map(said)).toEqual([[spo2, heartRate]])
      }),
    )
  })

  it('of format 7 have samples of 16 bits', () => {
    const [frame] = goodsIn(packet({ format: 7, pleth: (index) => 65_535 - 1_000 * index }))
    const samples = Int32Array.from({ length: 25 }, (_, index) => 65_535 - 1_000 * index)
    expect(frame?.waveforms).toMatchObject([{ rateHz: 75, scale: 1, unit: '1', samples }])
  })

  it('say with 127 and 511 that nothing is measured', () => {
    expect(goodsIn(packet({ spo2: 127, heartRate: 511 }), packet({ spo2: 127 }), packet({ heartRate: 511 })).map(said)).toEqual([
      ['not-measured', 'not-measured'], ['not-measured', 72], [97, 'not-measured'],
    ])
  })

  it('believe nothing out of range', () => {
    const none = ['out-of-range', 'out-of-range']
    expect(goodsIn(packet({ spo2: 101, heartRate: 301 }), packet({ spo2: 0, heartRate: 0 })).map(said)).toEqual([none, none])
  })

  const once = (bits: number) => (index: number) => (index === 13 ? 0x80 | bits : 0x80)
  it.each([
    ['sensor disconnected', 0x40, ['probe-off', 'probe-off'], []],
    ['sensor alarm', 0x08, ['device-invalid', 'device-invalid'], []],
    ['both', 0x48, ['probe-off', 'probe-off'], []],
    ['artifact', 0x20, [97, 72], ['questionable']],
    ['out of track', 0x10, [97, 72], ['questionable']],
    ['red perfusion', 0x04, [97, 72], ['low-signal']],
    ['green perfusion', 0x02, [97, 72], []],
    ['yellow perfusion', 0x06, [97, 72], []],
  ])('with %s in one of their frames', (_, bits, values, flags) => {
    for (const format of [2, 7] as const) {
      const [frame] = goodsIn(packet({ format, status: once(bits) }))
      expect([frame && said(frame), frame?.readings.map((reading) => reading.flags)]).toEqual([values, [flags, flags]])
    }
  })

  it('leave out the samples that the sensor did not give', () => {
    const gap = packet({ pleth: (index) => index, status: (index) => (index >= 10 && index < 15 ? 0xc0 : 0x80) })
    expect(goodsIn(gap)[0]?.waveforms.map(({ samples }) => [samples[0], samples.length])).toEqual([[0, 10], [15, 10]])
    expect(goodsIn(packet({ status: () => 0xc8 }))[0]?.waveforms).toEqual([])
  })

  it('say once that the battery is low, and once that it is not', () => {
    const low = packet({ values: { 7: 0x21 } })
    const goods = goodsIn(packet({ values: { 7: 0x20 } }), low, low, packet())
    const told = goods.map(({ alarms }) => alarms.map(({ phase, id, type, priority }) => `${phase} ${id} ${type} ${priority}`))
    expect(told).toEqual([[], ['start nonin:low-battery technical low'], [], ['end nonin:low-battery technical low']])
  })

  describe.each([2, 7] as const)('of format %s', (format) => {
    const good = packet({ format, heartRate: 200, spo2: 88, pleth: (index) => 90 + 7 * index })
    const whole = concat([good, good, good])
    const places = Array.from(whole, (_, at) => at)

    it('with any byte of the numbers changed to any other are not believed', () => {
      const damaged = Uint8Array.from(whole)
      for (let at = 125; at < 145; at++) {
        for (let byte = 0; byte < 256; byte++) {
          if (byte === whole[at]) continue
          damaged[at] = byte
          expect(goodsIn(damaged).map(said)).toEqual([[88, 200], [88, 200]])
        }
        damaged[at] = whole[at] ?? 0
      }
    })

    it('with a byte lost or doubled anywhere give the same numbers or none', () => {
      for (const at of places) {
        for (const after of [at, at + 1]) {
          const goods = goodsIn(whole.subarray(0, after), whole.subarray(after === at ? at + 1 : at))
          // One packet is hit, or two where the byte stands at the border of both.
          expect(goods.length).toBeGreaterThanOrEqual(1)
          for (const frame of goods) expect(said(frame)).toEqual([88, 200])
        }
      }
    })
  })

  it('heard from any byte on are understood from the next one on', () => {
    const whole = concat([packet(), packet({ spo2: 96 })])
    for (let from = 1; from <= 125; from++) expect(goodsIn(whole.subarray(from)).map(said)).toEqual([[96, 72]])
  })
})

describe('lines', () => {
  it.each([
    ['SPO2=097 HR=072', [97, 72]],
    ['08:15:30 SPO2=097 HR=072', [97, 72]],
    ['SPO2=100 HR=300 F', [100, 300]],
    ['SPO2=097 HR=072*', [97, 72]],
    ['SPO2=097 HR=072 * F B', [97, 72]],
    ['SPO2=--- HR=---', ['not-measured', 'not-measured']],
    ['SPO2=--- HR=072', ['not-measured', 72]],
    ['SPO2=000 HR=000', ['out-of-range', 'out-of-range']],
    ['SPO2=101 HR=301', ['out-of-range', 'out-of-range']],
  ])('%s', (text, values) => {
    const [frame] = goodsIn(`${text}\r\n`)
    expect([frame && said(frame), frame?.sentAt, frame?.readings[0]?.deviceAt, frame?.waveforms]).toEqual([values, null, null, []])
  })

  it('name the marks that they leave out', () => {
    expect(goodsIn('SPO2=097 HR=072 *FB\r\n')[0]?.leftOut?.map(({ at }) => at)).toEqual(['*', 'B'])
  })

  it.each([
    'SPO2=97 HR=072', 'SPO2=097 HR=72', 'SPO2=0997 HR=072', 'SPO2=097HR=072', 'SPO2 097 HR=072', 'SPO2=097 HR=072 X', '25:00:00 SPO2=097 HR=072',
    'SPO2=097 HR=072SPO2=097 HR=072',
  ])('%s is not believed', (text) => expect(kindsIn('SPO2=097 HR=072\r\n', `${text}\r\n`)).toEqual(['good', 'quarantined']))

  it('of a header are passed by', () => {
    expect(framesIn('NONIN 9600\r\n2026-11-22 08:00:00\r\nSPO2=097 HR=072\r\n').map((frame) => (frame.kind === 'skipped' ? frame.why : frame.kind))).toEqual([
      'text without a measurement', 'text without a measurement', 'good',
    ])
  })

  it('begun before we listened are passed by, once', () => {
    expect(kindsIn('O2=097 HR=072\r\nO2=097 HR=072\r\nSPO2=097 HR=072\r\n')).toEqual(['skipped', 'quarantined', 'good'])
  })

  it('with noise in them are noise up to their end', () => {
    const frames = framesIn('SPO2=09', Uint8Array.of(0xff), 'SPO2=088 HR=072\r\nSPO2=097 HR=072\r\n')
    expect(frames.map(({ kind, offset, length }) => [kind, offset, length])).toEqual([['skipped', 0, 23], ['good', 25, 15]])
  })

  it('cut off by the end are bad, and never merged with what comes after', () => {
    const session = nonin.open({})
    expect(framesOf(session, [utf8('SPO2=097 HR=072\r\nSPO2=097 HR=0')]).map(({ kind }) => kind)).toEqual(['good', 'bad'])
    expect(framesOf(session, [utf8('72\r\nSPO2=097 HR=072\r\n')]).map(({ kind }) => kind)).toEqual(['skipped', 'good'])
  })

  it('as long as is allowed are judged, one byte more is noise', () => {
    const made = (length: number): string => `SPO2=097 HR=072${' '.repeat(length - 16)}F\r\n`
    expect(kindsIn(made(driverLimits.asciiLineBytesMax))).toEqual(['good'])
    expect(framesIn(made(driverLimits.asciiLineBytesMax + 1))).toMatchObject([{ kind: 'skipped', length: driverLimits.asciiLineBytesMax + 1 }])
  })

  it('that lost or gained one character give the same value or none', () => {
    const good = '08:15:30 SPO2=088 HR=112*'
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.boolean(), (at, lost) => {
        const damaged = lost ? good.slice(0, at) + good.slice(at + 1) : good.slice(0, at) + (good[at] ?? '') + good.slice(at)
        for (const frame of goodsIn(`${good}\r\n${damaged}\r\n`)) expect(said(frame)).toEqual([88, 112])
      }),
      { numRuns: 300 },
    )
  })
})

describe('one stream', () => {
  it('may hold all three formats, the answers of a host and stray bytes between them', () => {
    const asked = hex('02 70 04 02 02 00 78 03 15')
    const mixed = [hex('06'), packet(), 'SPO2=096 HR=071\r\n', packet({ format: 7, spo2: 95 }), asked, 'some words\r\n', packet({ spo2: 94 })]
    expect(goodsIn(...mixed).map(said)).toEqual([[97, 72], [96, 71], [95, 72], [94, 72]])
    expect(kindsIn(...mixed)).toEqual(['skipped', 'good', 'good', 'good', 'skipped', 'good'])
  })

  it('of noise alone is told in spans of bounded length', () => {
    const length = driverLimits.noiseSpanBytesMax + 1
    const noise = new Uint8Array(length).fill(0xfe)
    expect(framesIn(noise).map((frame) => [frame.kind, frame.offset, frame.length])).toEqual([['skipped', 0, length - 1], ['skipped', length - 1, 1]])
  })
})
