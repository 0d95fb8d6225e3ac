import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import draeger from '../../drivers/draeger-medibus/driver.ts'
import { answer, command } from '../../drivers/draeger-medibus/framing.ts'
import { enabling, scalesOf, streamsText } from '../../drivers/draeger-medibus/realtime.ts'
import { dateOf } from '../../drivers/draeger-medibus/values.ts'
import { fixedZone } from '../../src/codec/zone.ts'
import { isoOf, monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame, Session, SessionOutput } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex').replace(/..(?=.)/g, '$& ').toUpperCase()
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
const capture = (): Session => draeger.openCapture?.({}) ?? draeger.open({})

type Good = Extract<Frame, { kind: 'good' }>
const goodIn = (frames: readonly Frame[]): readonly Good[] => frames.filter((frame): frame is Good => frame.kind === 'good')
const valuesOf = (frames: readonly Frame[]): readonly string[] =>
  goodIn(frames).flatMap(({ readings }) =>
    readings.map(({ metric, measurement, flags }) => [metric.id, measurement.kind === 'measured' ? measurement.value : measurement.reason, ...flags].join(' ')),
  )
const data = (items: string): Uint8Array => answer(0x24, items)
const read = (...parts: readonly Uint8Array[]): readonly string[] => valuesOf(framesOf(capture(), parts))
const DATA = bytesOf('01 24 45 42 20 39 38 20 45 31 20 37 30 20 37 41 0D')

describe('frames, byte for byte', () => {
  it.each([
    [command(0x51), '1B 51 36 43 0D'],
    [answer(0x51), '01 51 35 32 0D'],
    [command(0x52), '1B 52 36 44 0D'],
    [answer(0x52), '01 52 35 33 0D'],
    [command(0x24), '1B 24 33 46 0D'],
    [command(0x27), '1B 27 34 32 0D'],
    [command(0x2e), '1B 2E 34 39 0D'],
    [command(0x28), '1B 28 34 33 0D'],
    [command(0x29), '1B 29 34 34 0D'],
    [command(0x2a), '1B 2A 34 35 0D'],
    [answer(0x24), '01 24 32 35 0D'],
    [answer(0x15), '01 15 31 36 0D'],
    [command(0x30), '1B 30 34 42 0D'],
  ])('%j', (bytes, expected) => expect(hex(bytes)).toBe(expected))

  it('an identification has the computed checksum of the worked example', () => expect(hex(answer(0x52, "0161'My PC'01.00:03.00")).slice(-8)).toBe('46 43 0D'))

  it('data of the worked example', () => {
    expect(read(DATA)).toEqual(['MDC_PULS_OXIM_SAT_O2 98', 'MDC_PULS_OXIM_PULS_RATE 70'])
    expect(read(bytesOf('01 24 45 42 20 39 38 20 35 44 0D'))).toEqual(['MDC_PULS_OXIM_SAT_O2 98'])
  })

  it('checksums of which the document is wrong are not believed', () => {
    const kinds = framesOf(capture(), [bytesOf('1B 30 34 36 0D'), bytesOf('01 24 45 42 20 39 38 20 37 41 0D')]).map(({ kind }) => kind)
    expect(kinds).toEqual(['bad', 'bad'])
  })

  it('a command within an answer is none of it, and real-time bytes are none of either', () => {
    for (let at = 1; at < DATA.length; at++) {
      const within = join(DATA.slice(0, at), command(0x30), DATA.slice(at))
      expect(framesOf(capture(), [within]).map((frame) => ('why' in frame ? frame.why : valuesOf([frame]).join()))).toEqual([
        'a command, 30', 'MDC_PULS_OXIM_SAT_O2 98,MDC_PULS_OXIM_PULS_RATE 70',
      ])
    }
    fc.assert(
      fc.property(fc.array(fc.record({ at: fc.nat(DATA.length), byte: fc.integer({ min: 0x80, max: 0xff }) }), { maxLength: 60 }), (inserted) => {
        const bytes = [...DATA]
        for (const { at, byte } of inserted) bytes.splice(at, 0, byte)
        expect(read(Uint8Array.from(bytes))).toEqual(['MDC_PULS_OXIM_SAT_O2 98', 'MDC_PULS_OXIM_PULS_RATE 70'])
      }),
      { numRuns: 200 },
    )
  })

  it('a lost or changed byte never yields another number', () => {
    const stream = join(data('EB 98 E1 70 78 5.0'), data('EB 97 E1 71 F0  40'))
    const honest = new Set(read(stream).map((value) => value.replace(/ (?:not-measured|device-invalid|out-of-range)$/, ' absent')))
    const check = (harmed: Uint8Array): void => {
      for (const value of read(harmed)) expect(value.endsWith('not-measured') || honest.has(value)).toBe(true)
    }
    for (let at = 0; at < stream.length; at++) {
      check(join(stream.slice(0, at), stream.slice(at + 1)))
      for (let byte = 0; byte < 256; byte++) check(join(stream.slice(0, at), [byte], stream.slice(at + 1)))
    }
  })

  it('that never end are bounded', () => {
    const endless = new Uint8Array(driverLimits.medibusFrameBytesMax + 1).fill(0x41)
    endless[0] = 1
    expect(capture().receive(endless, monoMs(0)).frames.map((frame) => [frame.kind, frame.length])).toEqual([['bad', driverLimits.medibusFrameBytesMax]])
  })
})

describe('values', () => {
  it('of which nothing comes any more are absent, once', () => {
    const session = capture()
    const hear = (items: string): readonly string[] => valuesOf(session.receive(data(items), monoMs(0)).frames)
    hear('EB 98 E1 70 ')
    expect(hear('EB 98 ')).toEqual(['MDC_PULS_OXIM_SAT_O2 98', 'MDC_PULS_OXIM_PULS_RATE not-measured'])
    expect(hear('EB 98 ')).toEqual(['MDC_PULS_OXIM_SAT_O2 98'])
    expect(hear('')).toEqual(['MDC_PULS_OXIM_SAT_O2 not-measured'])
    expect(hear('')).toEqual([])
  })

  it.each([
    ['D6   0', 'MDC_VENT_RESP_BTSD_PSAZC_RATE 0'],
    ['EB ---', 'MDC_PULS_OXIM_SAT_O2 not-measured'],
    ['EB    ', 'MDC_PULS_OXIM_SAT_O2 not-measured'],
    ['EB 101', 'MDC_PULS_OXIM_SAT_O2 out-of-range'],
    ['EB  *5', 'MDC_PULS_OXIM_SAT_O2 device-invalid'],
    ['EBHIGH', 'MDC_PULS_OXIM_SAT_O2 device-invalid'],
    ['7D  30', 'MDC_PRESS_AWAY_MAX 30.59'],
    ['E3 5.1', 'MDC_CONC_AWAY_CO2_ET 38.25'],
    ['F0  17', 'MDC_CONC_AWAY_O2_INSP out-of-range'],
  ])('%j', (items, value) => expect(read(data(items))).toEqual([value]))

  it('in one of two units are taken once, and percent of volume is no pressure', () => {
    expect(read(data('E6  38E3 5.1'))).toEqual(['MDC_CONC_AWAY_CO2_ET 38'])
    const [good] = goodIn(framesOf(capture(), [data('DB 5.0C137.2')]))
    expect([good?.readings, good?.leftOut?.map(({ at }) => at)]).toEqual([[], ['data DB', 'data C1']])
  })

  it('of a device in a leakage test are tests, of one that stands by doubtful', () => {
    const text = (code: string): Uint8Array => answer(0x2a, `${code}1X\x03`)
    const items = data('F0  40')
    expect(read(text('53'), items)).toEqual(['MDC_CONC_AWAY_O2_INSP 40 test'])
    expect(read(text('1E'), items)).toEqual(['MDC_CONC_AWAY_O2_INSP 40 questionable'])
    expect(read(text('54'), items)).toEqual(['MDC_CONC_AWAY_O2_INSP 40 questionable'])
    expect(read(text('53'), answer(0x2a), items)).toEqual(['MDC_CONC_AWAY_O2_INSP 40'])
  })

  it.each([
    ['12:34:5607-OKT-14', '2014-10-07T12:34:56.000Z'],
    ['09:33:00 07-OCT-14', '2014-10-07T09:33:00.000Z'],
    [' 9:33 7-OCT-14', '2014-10-07T09:33:00.000Z'],
    ['09:3307-MAI-14', '2014-05-07T09:33:00.000Z'],
    ['23:59:5931-DEZ-25', '2025-12-31T23:59:59.000Z'],
    ['09:33 30-FEB-14', null],
    ['24:00:0001-JAN-14', null],
    ['', null],
  ])('a date %j', (text, expected) => {
    const at = dateOf(text, fixedZone(0))
    expect(at === null ? null : isoOf(at)).toBe(expected)
  })
})

describe('alarms', () => {
  const item = (priority: number, code: string, text: string): string => `${String.fromCharCode(0x30 + priority)}${code}${text.padEnd(12)}`
  const changes = (session: Session, code: number, ...items: readonly string[]): readonly string[] =>
    goodIn(session.receive(answer(code, items.join('')), monoMs(0)).frames).flatMap(({ alarms }) =>
      alarms.map(({ id, phase, priority, type }) => `${id} ${phase} ${priority} ${type}`),
    )

  it('begin, change and end once each; the next of one kind is another', () => {
    const session = capture()
    expect(changes(session, 0x27, item(28, '07', 'SPO2 LOW'))).toEqual(['draeger:07#1 start high physiological'])
    expect(changes(session, 0x27, item(28, '07', 'SPO2 LOW'))).toEqual([])
    expect(changes(session, 0x27, item(24, '07', 'SPO2 LOW'))).toEqual(['draeger:07#1 deescalate medium physiological'])
    expect(changes(session, 0x2e, item(12, '35', 'OTHER PAGE'))).toEqual(['draeger:2:35#2 start medium physiological'])
    expect(changes(session, 0x27, item(31, '07', 'SPO2 LOW'), item(10, '35', 'SENSOR'))).toEqual([
      'draeger:07#1 escalate high physiological', 'draeger:35#3 start low technical',
    ])
    expect(changes(session, 0x27)).toEqual(['draeger:07#1 end high physiological', 'draeger:35#3 end low technical'])
    expect(changes(session, 0x27, item(28, '07', 'SPO2 LOW'))).toEqual(['draeger:07#4 start high physiological'])
  })

  it('of more than a device can have are cut off', () => {
    const many = Array.from({ length: driverLimits.medibusAlarmsMax + 1 }, (_, index) => item(28, index.toString(16).toUpperCase().padStart(2, '0'), 'X'))
    expect(changes(capture(), 0x27, ...many).length).toBe(driverLimits.medibusAlarmsMax)
  })

  it('in another layout are none', () => {
    for (const text of ['X', item(0, '07', 'X'), item(32, '07', 'X'), item(28, 'ZZ', 'X')]) {
      expect(framesOf(capture(), [answer(0x27, text)]).map(({ kind }) => kind)).toEqual(['quarantined'])
    }
  })
})

describe('curves', () => {
  const SCALES = ['00   16000  -10  100370', '01   16000-  80   80FA0', '06   16000    0  100FA0'].join('')
  const known = join(answer(0x53, SCALES), command(0x54, streamsText([0, 1, 6])))
  const record = (...raws: readonly number[]): readonly number[] =>
    [0xd0 | ((1 << raws.length) - 1), ...raws.flatMap((raw) => [0x80 | (raw & 63), 0x80 | (raw >> 6)])]
  const waves = (...parts: readonly (Uint8Array | readonly number[])[]): readonly string[] =>
    goodIn(framesOf(capture(), [join(...parts)])).flatMap(({ waveforms }) =>
      waveforms.map(({ metric, samples }) => `${metric.slice(4)} ${[...samples].join()}`),
    )

  it('are asked for and switched on as the definition has it', () => {
    expect(streamsText([0, 1, 6])).toBe('000101010601')
    expect([1, 3, 5, 9].map((count) => hex(enabling(count)))).toEqual([
      'D0 C3 C0 C2 C0 C1 C1 C0 C0', 'D0 C3 C0 C2 C0 C1 C7 C0 C0', 'D0 C3 C0 C2 C1 C1 CF C0 C0', 'D0 C3 C1 C2 CF C1 CF C0 C0',
    ])
  })

  it('have the scales that their device says', () => {
    expect(scalesOf(SCALES).get(0)).toEqual({ intervalUs: 16_000, min: -10, max: 100, maxBin: 0x370 })
    expect(scalesOf(SCALES).get(1)?.min).toBe(-80)
    const wrong = [
      '00       0  -10  100370', '00   16000  100  -10370', '00   16000  -10  100000', '00   1600X  -10  100370', 'XX   16000  -10  100370', `${SCALES}0`,
    ]
    for (const text of wrong) expect(scalesOf(text).size).toBe(0)
  })

  it('of the worked examples', () => {
    const [wave] = goodIn(framesOf(capture(), [join(known, bytesOf('D3 91 81 8D 83'))])).flatMap(({ waveforms }) => waveforms)
    expect([wave?.samples[0], (wave?.samples[0] ?? 0) * (wave?.scale ?? 0) + (wave?.offset ?? 0), wave?.unit, wave?.rateHz]).toEqual([81, 0.125, 'mbar', 62.5])
    const twelve = join(answer(0x53, '00   16000  -10  100FFF06   16000    0  100FFF'), command(0x54, '000101010601'))
    expect(waves(twelve, bytesOf('D5 B0 A3 8B BC'))).toEqual(['PRESS_AWAY 2288', 'CONC_AWAY_CO2 3851'])
  })

  it('a lost byte is a gap in all of them, not another curve', () => {
    const whole = [record(1, 2, 3), record(4, 5, 6), record(7, 8, 9), record(10, 11, 12)].flat()
    const numbersOf = (stream: number): ReadonlySet<string> => new Set([1, 4, 7, 10].map((raw) => String(raw + stream)))
    const own = new Map([['PRESS_AWAY', numbersOf(0)], ['FLOW_AWAY', numbersOf(1)], ['CONC_AWAY_CO2', numbersOf(2)]])
    for (let at = 0; at < whole.length; at++) {
      for (const wave of waves(known, whole.toSpliced(at, 1))) {
        const [name = '', samples = ''] = wave.split(' ')
        for (const sample of samples.split(',')) expect(own.get(name)?.has(sample)).toBe(true)
      }
    }
    expect(waves(known, record(1, 2, 3), record(4, 5, 6).slice(0, 6), record(7, 8, 9))).toEqual([
      'PRESS_AWAY 1', 'FLOW_AWAY 2', 'CONC_AWAY_CO2 3', 'PRESS_AWAY 7', 'FLOW_AWAY 8', 'CONC_AWAY_CO2 9',
    ])
  })

  it('a value beyond the scale, and a record that the device calls corrupt, are gaps', () => {
    expect(waves(known, record(1, 0xfff, 3), record(4, 5, 6))).toEqual(['PRESS_AWAY 1,4', 'FLOW_AWAY 5', 'CONC_AWAY_CO2 3,6'])
    const paw = (...parts: readonly (readonly number[])[]): readonly string[] => waves(known, ...parts).filter((wave) => wave.startsWith('PRESS'))
    expect(paw(record(1, 2, 3), record(4, 5, 6), [0xcf, 0xc0], record(7, 8, 9))).toEqual(['PRESS_AWAY 1', 'PRESS_AWAY 7'])
    expect(paw(record(1, 2, 3), [0xc6, 0xc1], record(4, 5, 6))).toEqual(['PRESS_AWAY 1,4'])
  })

  it('without their scale are counted, and not drawn', () => {
    const frames = framesOf(capture(), [join(record(1, 2, 3), record(4, 5, 6))])
    expect(frames.map((frame) => 'why' in frame && frame.why)).toEqual(['curves whose scale is not known'])
    expect(waves(answer(0x53, SCALES), record(1, 2, 3), record(4, 5, 6))).toEqual([])
  })

  it('are told together in stretches of a bounded length', () => {
    const many = Array.from({ length: driverLimits.medibusSamplesPerWaveMax + 2 }, (_, index) => record(index)).flat()
    expect(waves(known, many).map((wave) => wave.split(',').length)).toEqual([driverLimits.medibusSamplesPerWaveMax, 2])
  })
})

describe('the conversation', () => {
  /** A device that one tells what to answer, a quarter of a second at a time. */
  function talk(settings: DriverSettings = {}) {
    const session = draeger.open(settings)
    let now = 0
    let wakeAt: number | null = 0
    const asked: string[] = []
    let taken = 0
    const note = (output: SessionOutput): SessionOutput => {
      wakeAt = output.wakeAt
      for (const bytes of output.send) asked.push(hex(bytes))
      return output
    }
    return {
      asked,
      say: (bytes: Uint8Array): SessionOutput => note(session.receive(bytes, monoMs(now))),
      /** What is sent within so long, while the device answers so: null for silence. */
      run(ms: number, device: (code: number) => Uint8Array | null): readonly string[] {
        const from = asked.length
        for (const end = now + ms; now < end; now += 250) {
          if (wakeAt !== null && now >= wakeAt) note(session.wake(monoMs(now)))
          for (; taken < asked.length; taken++) {
            const bytes = bytesOf(asked[taken] ?? '')
            const said = bytes[0] === 0x1b ? device(bytes[1] ?? 0) : null
            if (said !== null) note(session.receive(said, monoMs(now)))
          }
        }
        return asked.slice(from)
      },
    }
  }
  const polite = (code: number): Uint8Array => answer(code)
  const codesOf = (asked: readonly string[]): readonly string[] => asked.filter((each) => each.startsWith('1B')).map((each) => each.slice(3, 5))

  it('begins with ICC, and asks one thing after the other', () => {
    const conversation = talk({ waves: 'none' })
    expect(codesOf(conversation.run(500, (code) => (code === 0x51 ? answer(code) : null)))).toEqual(['51', '52'])
    expect(conversation.asked[0]).toBe('1B 51 36 43 0D')
    const more = codesOf(conversation.run(20_000, polite))
    expect(new Set(more)).toEqual(new Set(['51', '52', '24', '27', '2E', '2A', '29', '28']))
  })

  it('asks for values and alarms each second, for texts and settings each ten, for the date each minute, and never says anything else', () => {
    const conversation = talk({ waves: 'none' })
    const asked = codesOf(conversation.run(60_000, polite))
    const count = (code: string): number => asked.filter((each) => each === code).length
    expect([count('24'), count('27'), count('2E')].every((times) => times >= 55 && times <= 60)).toBe(true)
    expect([count('2A'), count('29'), count('28'), count('51'), count('52')]).toEqual([6, 6, 1, 1, 1])
    expect(asked.filter((code) => !['24', '27', '2E', '2A', '29', '28', '51', '52', '30'].includes(code))).toEqual([])
  })

  it('says nothing for two seconds, then that', () => {
    const conversation = talk({ waves: 'none', interval: '5' })
    expect(codesOf(conversation.run(30_000, polite)).filter((code) => code === '30').length).toBeGreaterThan(8)
    expect(conversation.asked).toContain('1B 30 34 42 0D')
  })

  it('begins anew after three seconds of silence, again and again', () => {
    const conversation = talk({ waves: 'none' })
    conversation.run(5_000, polite)
    expect(codesOf(conversation.run(10_000, () => null)).filter((code) => code === '51').length).toBeGreaterThanOrEqual(3)
    expect(codesOf(conversation.run(3_000, polite)).slice(0, 3)).toEqual(['51', '52', '24'])
  })

  it('begins anew when an answer does not come in ten seconds, though the device talks, and lets that question rest', () => {
    const conversation = talk({ waves: 'none' })
    conversation.run(1_000, polite)
    const deaf = (code: number): Uint8Array | null => (code === 0x2e ? null : answer(code))
    const from = conversation.asked.length
    for (let second = 0; second < 60; second++) {
      conversation.run(1_000, deaf)
      conversation.say(command(0x30))
    }
    const asked = codesOf(conversation.asked.slice(from))
    expect(asked.filter((code) => code === '51').length).toBe(1)
    expect(asked.filter((code) => code === '2E').length).toBe(1)
    expect(asked.filter((code) => code === '24').length).toBeGreaterThan(40)
  })

  it('asks again what was refused once, and later what was refused twice', () => {
    const conversation = talk({ waves: 'none' })
    const asked = codesOf(conversation.run(20_000, (code) => (code === 0x2e ? answer(0x15) : answer(code))))
    expect(asked.filter((code) => code === '2E').length).toBe(2)
    expect(codesOf(conversation.run(driverLimits.medibusRefusedMs, polite)).filter((code) => code === '2E').length).toBeGreaterThan(5)
  })

  it('answers each command of the device, and says who it is', () => {
    const conversation = talk({ waves: 'none' })
    conversation.run(1_000, polite)
    const answers = (bytes: Uint8Array): readonly string[] => conversation.say(bytes).send.map(hex).filter((each) => each.startsWith('01'))
    expect(answers(command(0x30))).toEqual([hex(answer(0x30))])
    expect(answers(command(0x52))).toEqual([hex(answer(0x52, "0161'Vigil'01.00:03.00"))])
    expect(answers(command(0x24))).toEqual(['01 24 32 35 0D'])
    expect(answers(command(0x7a))).toEqual([hex(answer(0x7a))])
    expect(answers(bytesOf('1B 30 34 36 0D'))).toEqual(['01 15 31 36 0D'])
    expect(answers(join(DATA.slice(0, 6), command(0x30), DATA.slice(6)))).toEqual([hex(answer(0x30))])
  })

  it('asks for the date when it was set, and begins with a device that begins', () => {
    const conversation = talk({ waves: 'none' })
    conversation.run(3_000, polite)
    conversation.say(command(0x49))
    expect(codesOf(conversation.run(1_000, polite))).toContain('28')
    conversation.say(command(0x51))
    expect(conversation.asked.at(-2)).toBe('01 51 35 32 0D')
    expect(codesOf(conversation.run(2_000, polite))).toContain('24')
  })

  it('is silent while it is asked to be, and not for ever', () => {
    const conversation = talk({ waves: 'none' })
    conversation.run(2_000, polite)
    conversation.say(Uint8Array.of(0x11))
    const within = (seconds: number): number => {
      const from = conversation.asked.length
      for (let second = 0; second < seconds; second++) {
        conversation.run(1_000, polite)
        conversation.say(Uint8Array.of(0x80))
      }
      return conversation.asked.length - from
    }
    expect(within(9)).toBe(0)
    expect(within(3)).toBeGreaterThan(0)
    conversation.say(Uint8Array.of(0x11))
    expect(within(2)).toBe(0)
    conversation.say(Uint8Array.of(0x13))
    expect(within(1)).toBeGreaterThan(0)
  })

  it('asks for those curves that the device has, and again when none come', () => {
    const device = (code: number): Uint8Array => answer(code, code === 0x53 ? '00   16000  -10  10037007   16000    0   13FA0' : '')
    const conversation = talk()
    conversation.run(2_000, device)
    expect(conversation.asked).toContain(hex(command(0x54, '00010701')))
    expect(conversation.asked).toContain('D0 C3 C0 C2 C0 C1 C3 C0 C0')
    const later = codesOf(conversation.run(120_000, device))
    expect(later.filter((code) => code === '53').length).toBe(3)
    expect(codesOf(talk({ waves: 'none' }).run(30_000, device))).not.toContain('53')
  })

  it('takes only settings that there are', () => {
    for (const wrong of [{ interval: '3' }, { waves: 'ecg' }, { waves: 'paw,paw' }, { zone: 'Nowhere' }]) expect(() => draeger.open(wrong)).toThrow(RangeError)
  })
})
