import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import pds from '../../drivers/mindray-pds/driver.ts'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame, Session, SessionOutput } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Frame & { kind: 'good' }

const message = (id: number | string, ...rows: string[]): Uint8Array => mllpFrame(utf8([`MSH|^~\\&|||||||ORU^R01|${id}|P|2.3.1|`, ...rows, ''].join('\r')))
const numeric = (id: string, value: string): string => `OBX||NM|${id}|2101|${value}||||||F`
const validity = (id: string, code: string): string => `OBX||CE|2037^|${id}|${code}^||||||F`
const alarm = (code: string, text: string): string => `OBX||CE|2|1|${code}^${text}||||||F|||20200418190201`
const patient = (own: string, name: string, mrn: string): Uint8Array =>
  message(103, `PID|||${own}||${name}||19900206|F|`, 'PV1||I|^^UCIP&8&169722888&4601&&1|||||||||||||||A|', 'OBR||||Mindray Monitor|||0|', `OBX||ST|2301^||${mrn}||||||F`)
const ECHO = message(106)

const captured = (settings: DriverSettings, ...messages: Uint8Array[]): Frame[] => framesOf(pds.openCapture?.(settings) ?? pds.open(settings), messages)
const goodOf = (frames: readonly Frame[]): Good[] => frames.filter((frame): frame is Good => frame.kind === 'good')
const told = ({ readings }: Good): (string | number)[][] =>
  readings.map(({ metric, channel, measurement }) => [`${metric.id}${channel === '' ? '' : ` ${channel}`}`, measurement.kind === 'measured' ? measurement.value : measurement.reason])
const valuesOf = (settings: DriverSettings, ...messages: Uint8Array[]): (string | number)[][] => goodOf(captured(settings, ...messages)).flatMap(told)

/** The dialogue, and what it sent so far as text. */
function talking() {
  const session: Session = pds.open({})
  const sent: string[] = []
  const take = (output: SessionOutput): SessionOutput => {
    sent.push(...output.send.map((bytes) => latin1(bytes)))
    return output
  }
  return {
    sent,
    wake: (ms: number) => take(session.wake(monoMs(ms))),
    hear: (ms: number, ...messages: Uint8Array[]) => messages.map((bytes) => take(session.receive(bytes, monoMs(ms)))),
    end: (ms: number) => take(session.end(monoMs(ms))),
    queries: () => sent.filter((text) => text.includes('QRY^R02')).length,
    echoes: () => sent.filter((text) => text === '\x0bMSH|^~\\&|||||||ORU^R01|106|P|2.3.1|\r\x1c\r').length,
  }
}

describe('what is said to the monitor', () => {
  it('is a query that lists four parameters a filter, both kinds of alarm, and an echo', () => {
    const { wake, sent, echoes } = talking()
    expect(wake(0).wakeAt).toBe(1_000)
    const lines = (sent[0] ?? '').split('\r')
    expect(lines.slice(0, 3)).toEqual(['\x0bMSH|^~\\&|||||||QRY^R02|1203|P|2.3.1', 'QRD|20060731145557|R|I|Q895211|||||RES', 'QRF|MON||||0&0^1^1^0^101&151&160&161'])
    expect(lines.slice(-4)).toEqual(['QRF|MON||||0&0^3^1^1^', 'QRF|MON||||0&0^4^1^1^', '\x1c', ''])
    const lists = lines.flatMap((line) => /\^1\^1\^0\^(.*)$/.exec(line)?.[1]?.split('&').length ?? [])
    expect(Math.max(...lists)).toBeLessThan(5)
    expect([echoes(), sent.length]).toEqual([1, 2])
  })

  it('is an echo each second, and one where a second was missed', () => {
    const { wake, hear, echoes } = talking()
    wake(0)
    for (let ms = 1_000; ms <= 4_000; ms += 1_000) {
      hear(ms, ECHO)
      expect(wake(ms).wakeAt).toBe(ms + 1_000)
    }
    expect(echoes()).toBe(5)
    expect(wake(4_500).wakeAt).toBe(5_000)
    expect(echoes()).toBe(5)
    hear(7_900, ECHO)
    expect(wake(8_000).wakeAt).toBe(9_000)
    expect(echoes()).toBe(6)
  })

  it('is the query once more after the first echo, however that comes in, and never again', () => {
    const { wake, hear, queries } = talking()
    wake(0)
    hear(100, patient('1', 'A^B', '1'))
    expect(queries()).toBe(1)
    hear(900, ...Array.from(ECHO, (byte) => Uint8Array.of(byte)))
    expect(queries()).toBe(2)
    hear(1_900, ECHO, ECHO)
    wake(2_000)
    expect(queries()).toBe(2)
  })

  it('is nothing where a recording is read', () => {
    const session = pds.openCapture?.({})
    expect([session?.wake(monoMs(0)), session?.receive(ECHO, monoMs(0)).send]).toEqual([{ frames: [], send: [], wakeAt: null }, []])
  })
})

describe('a monitor that is silent', () => {
  it('is told from one that speaks: the conversation is dead after five seconds, and never before', () => {
    const { wake, hear } = talking()
    wake(0)
    hear(900, ECHO)
    for (let ms = 1_000; ms <= 5_000; ms += 1_000) expect(wake(ms).close).toBeUndefined()
    expect(wake(6_000).close).toBe('no echo from the monitor for 5 s')
  })

  it('is dead too when it never said a word, and half a message is none', () => {
    const { wake, hear } = talking()
    wake(0)
    for (let ms = 1_000; ms < 5_000; ms += 1_000) {
      hear(ms, utf8(ms === 1_000 ? '\x0bMSH|^~\\&|||||||ORU^R01|10' : '1'))
      expect(wake(ms).close).toBeUndefined()
    }
    expect(wake(5_000).close).toBeDefined()
  })

  it('is not blamed for time in which the gateway itself stood still', () => {
    const { wake, hear } = talking()
    wake(0)
    hear(900, ECHO)
    expect(wake(60_000).close).toBeUndefined()
    hear(60_001, ECHO)
    expect(wake(61_000).close).toBeUndefined()
  })

  it('is asked on by a line that cannot hang up', () => {
    const { wake, echoes } = talking()
    let closes = 0
    for (let ms = 0; ms <= 20_000; ms += 1_000) if (wake(ms).close !== undefined) closes++
    expect([closes, echoes()]).toEqual([4, 21])
  })
})

describe('whose values these are', () => {
  it('nobody says before the first 103; from then on each message does, and another patient is another', () => {
    const hr = message(204, numeric('101^HR', '60'))
    const low = message(54, alarm('10002', '**HR TOO LOW'))
    const first = [hr, patient('1', 'Müster^Änne', '753455'), hr, low]
    const others = [patient('2', 'Beispiel^Bo', '753456'), patient('3', '', ''), patient('0000-00', '', '')].flatMap((bytes) => [bytes, hr])
    const frames = goodOf(captured({}, ...first, ...others))
    expect(frames.map(({ identity }) => identity)).toEqual([
      null,
      ...Array.from({ length: 3 }, () => ({ mrn: '753455', name: 'Müster, Änne' })),
      ...Array.from({ length: 2 }, () => ({ mrn: '753456', name: 'Beispiel, Bo' })),
      ...Array.from({ length: 2 }, () => ({ mrn: 'mindray-pds:3', name: null })),
      ...Array.from({ length: 2 }, () => ({ mrn: null, name: null })),
    ])
    expect(frames.map(({ sender }) => sender.location)).toEqual([null, ...Array.from({ length: 9 }, () => 'UCIP^^8')])
  })

  it('is waited for when a conversation begins: till then a value is nobody\'s, and what is measured once is not taken as told', () => {
    const hr = message(204, numeric('101^HR', '60'))
    const cuff = message(503, `OBX||NM|170^NIBP||120||||||F|||20200418190201`)
    const low = message(54, alarm('10002', '**HR TOO LOW'))
    const { hear } = talking()
    const kinds = (...messages: Uint8Array[]) => hear(1, ...messages).flatMap(({ frames }) => frames.map((frame) => (frame.kind === 'good' ? `${frame.readings.length} ${frame.identity?.mrn}` : frame.kind)))
    expect(kinds(hr, cuff, low, ECHO, hr)).toEqual(['skipped', 'skipped', '0 undefined', 'skipped', 'skipped'])
    expect(kinds(patient('1', 'A^B', '7'), hr, cuff)).toEqual(['0 7', '1 7', '1 7'])
  })

  it('is waited for no longer than the opening: a monitor that never names a patient is read all the same', () => {
    const { hear } = talking()
    const hr = message(204, numeric('101^HR', '60'))
    const frames = hear(1, ECHO, ECHO, hr, ECHO, hr).flatMap((output) => output.frames)
    expect(frames.map(({ kind }) => kind)).toEqual(['skipped', 'skipped', 'skipped', 'skipped', 'good'])
    expect(valuesOf({}, hr)).toEqual([['MDC_ECG_HEART_RATE', 60]])
  })

  it('does not outlive the conversation', () => {
    const { hear, end } = talking()
    hear(0, patient('1', 'A^B', '1'))
    end(1)
    expect(hear(2, message(204, numeric('101^HR', '60')))[0]?.frames).toMatchObject([{ kind: 'skipped' }])
  })

  it('reads names in ISO 8859-1 and segments that end with LF', () => {
    const text = '\x0bMSH|^~\\&|||||||ORU^R01|103|P|2.3.1|\nPID|||7||M\xfcster^\xc4nne\nOBX||ST|2301^||9||||||F\n\x1c\r'
    expect(goodOf(captured({}, Uint8Array.from(text, (letter) => letter.charCodeAt(0))))).toMatchObject([{ identity: { mrn: '9', name: 'Müster, Änne' } }])
  })
})

describe('numerics', () => {
  it('come as the monitor sends them, -100 as absent, and arterial lines as systolic, mean, diastolic', () => {
    const artery = [numeric('500^Sys', '120'), numeric('501^Mean', '90'), numeric('502^Dia', '75')]
    expect(valuesOf({}, message(204, numeric('101^HR', '60'), numeric('160^SpO2', '-100'), ...artery, numeric('105^ST-I', '-100.00')))).toEqual([
      ['MDC_ECG_HEART_RATE', 60], ['MDC_PULS_OXIM_SAT_O2', 'not-measured'],
      ['MDC_PRESS_BLD_ART_SYS', 120], ['MDC_PRESS_BLD_ART_MEAN', 90], ['MDC_PRESS_BLD_ART_DIA', 75],
    ])
  })

  it('are never repeats of one another: each kind of message has one control id for ever', () => {
    expect(goodOf(captured({}, message(204, numeric('101^HR', '60')))).map(({ messageId, reply }) => [messageId, reply])).toEqual([[null, null]])
  })

  it.each([
    [{ temperature: 'C' }, '200^T1', '37.2', ['MDC_TEMP T1', 37.2]],
    [{ temperature: 'F' }, '200^T1', '98.6', ['MDC_TEMP T1', 37]],
    [{ temperature: 'C' }, '200^T1', '98.6', ['MDC_TEMP T1', 'out-of-range']],
    [{ temperature: 'F' }, '201^T2', '37.2', ['MDC_TEMP T2', 'out-of-range']],
    [{ pressure: 'kPa' }, '500^Sys', '16.0', ['MDC_PRESS_BLD_ART_SYS', 120.01]],
    [{ co2: 'kPa' }, '250^EtCO2', '5.0', ['MDC_CONC_AWAY_CO2_ET', 37.5]],
    [{ co2: 'mmHg' }, '250^EtCO2', '38', ['MDC_CONC_AWAY_CO2_ET', 38]],
    [{ st: 'mV' }, '106^II', '0.12', ['MDC_ECG_AMPL_ST_II', 0.12]],
    [{}, '254^FiO2', '40', ['MDC_CONC_AWAY_O2_INSP', 40]],
    [{}, '254^FiO2', '160', ['MDC_CONC_AWAY_O2_INSP', 'out-of-range']],
    [{}, '101^HR', '0', ['MDC_ECG_HEART_RATE', 0]],
  ])('with %j read %s %s as %j', (settings, id, value, expected) => expect(valuesOf(settings, message(204, numeric(id, value)))).toEqual([expected]))

  it('of no metric are left out by name, and what is no number is a fault', () => {
    const [frame] = goodOf(captured({}, message(204, numeric('253^EtO2', '144'), numeric('0^RR', '20'), numeric('161^PR', 'sixty'))))
    expect([frame?.readings, frame?.leftOut?.map(({ at }) => at), frame?.faults]).toEqual([[], ['OBX 1 (253)', 'OBX 2 (0)'], [{ why: 'OBX-5 is not a number', at: 'OBX 3 (161)' }]])
  })

  it('of demonstration are marked, by MSH-11 as by OBX-8', () => {
    const demo = mllpFrame(utf8(`MSH|^~\\&|||||||ORU^R01|204|D|2.3.1|\r${numeric('101^HR', '60')}`))
    const flags = goodOf(captured({}, demo, message(204, 'OBX||NM|101^HR|2101|60|||DEMO|||F'))).map(({ readings }) => readings[0]?.flags)
    expect(flags).toEqual([['demo'], ['demo']])
  })

  it('that the monitor calls invalid are absent, at once; called valid again, they count again', () => {
    const spo2 = (value: string): Uint8Array => message(204, numeric('160^SpO2', value))
    const ok = message(205, validity('160', '3'))
    const invalid = message(205, validity('160', '2'))
    expect(valuesOf({}, spo2('97'), ok, spo2('96'), invalid, spo2('95'), ok, spo2('94'), ok)).toEqual(
      [97, 96, 'device-invalid', 'device-invalid', 95, 94].map((value) => ['MDC_PULS_OXIM_SAT_O2', value]),
    )
  })

  it('are never called back from before the last message: a word on validity is about what it follows', () => {
    const spo2 = message(204, numeric('160^SpO2', '97'))
    expect(valuesOf({}, spo2, message(205, validity('160', '2')), message(54), message(205, validity('160', '3')))).toEqual(
      [97, 'device-invalid'].map((value) => ['MDC_PULS_OXIM_SAT_O2', value]),
    )
  })

  it('of which the monitor says what we do not know are questionable', () => {
    const frames = goodOf(captured({}, message(204, numeric('160^SpO2', '97')), message(205, validity('160', '1'))))
    expect(frames.map(({ readings }) => readings[0]?.flags)).toEqual([[], ['questionable']])
  })
})

describe('a cuff', () => {
  const cuff = (value: string, time: string): Uint8Array => message(503, `OBX||NM|170^Sys|2105|${value}||||||F||APERIODIC|${time}`)
  const flagsOf = (...messages: Uint8Array[]): unknown =>
    goodOf(captured({ zone: '+02:00' }, ...messages)).flatMap(({ readings }) =>
      readings.map(({ deviceAt, flags, measurement }) => [measurement.kind === 'measured' ? measurement.value : measurement.reason, deviceAt, flags]),
    )

  it('is told once with its own time, however often the monitor says it', () => {
    const at = Date.UTC(2014, 11, 29, 6, 16, 29)
    const told = cuff('135', '20141229081629')
    expect(flagsOf(ECHO, ECHO, ECHO, told, told, ECHO, told, cuff('135', '20141229082629'))).toEqual([
      [135, at, ['zone-assumed', 'episodic']],
      [135, at + 600_000, ['zone-assumed', 'episodic']],
    ])
  })

  it('from before the conversation is history: its age is known to the monitor alone', () => {
    const told = cuff('135', '20141229081629')
    expect(flagsOf(told, ECHO, told, ECHO, ECHO, told)).toEqual([[135, Date.UTC(2014, 11, 29, 6, 16, 29), ['zone-assumed', 'episodic', 'history']]])
  })

  it('that never measured has no value, whatever number stands there', () => {
    expect(flagsOf(ECHO, ECHO, ECHO, cuff('-100', '00000000000000'), cuff('135', '00000000000000'))).toEqual([['not-measured', null, ['episodic']], ['not-measured', null, ['episodic']]])
  })

  it('whose time is no time is a fault', () => {
    expect(goodOf(captured({}, cuff('135', 'yesterday')))[0]).toMatchObject({ readings: [], faults: [{ why: 'OBX-14 is no HL7 time' }] })
  })
})

describe('alarms', () => {
  const phasesOf = (...messages: Uint8Array[]): string[][] =>
    goodOf(captured({}, ...messages)).map(({ alarms }) => alarms.map(({ id, phase, priority, text }) => `${id} ${phase} ${priority} ${text}`))

  it('begin, change and end as the list says; a list that is the same is no news', () => {
    const low = alarm('10076', '**T1 Too Low')
    const lists = [[], [low], [low.replace('190201', '190202')], [alarm('10076', '***T1 Too Low'), alarm('10033', '*SpO2 TOO HIGH ')], [alarm('10076', '***T1 low')], []]
    expect(phasesOf(...lists.map((list) => message(54, ...list)))).toEqual([
      ['physiological/10076 start medium T1 Too Low'],
      ['physiological/10076 escalate high T1 Too Low', 'physiological/10033 start low SpO2 TOO HIGH'],
      ['physiological/10033 end low SpO2 TOO HIGH', 'physiological/10076 update high T1 low'],
      ['physiological/10076 end high T1 low'],
    ])
  })

  it('of the equipment are a list of their own, and attributes of a list are none', () => {
    const equipment = message(56, 'OBX||CE|4||205^SpO2 Sensor Off||||||F|', 'OBX||CE|2041^||0^||||||F')
    expect(phasesOf(message(54, alarm('10002', '***HR TOO LOW')), equipment, message(54), message(56))).toEqual([
      ['physiological/10002 start high HR TOO LOW'],
      ['technical/205 start low SpO2 Sensor Off'],
      ['physiological/10002 end high HR TOO LOW'],
      ['technical/205 end low SpO2 Sensor Off'],
    ])
  })

  it('do not end with a list of which a line cannot be read', () => {
    expect(phasesOf(message(54, alarm('10002', '**HR')), message(54, alarm('?', '**HR')), message(54))).toEqual([
      ['physiological/10002 start medium HR'],
      [],
      ['physiological/10002 end medium HR'],
    ])
  })

  it('are as many as the limit, and one more is a fault', () => {
    const list = (length: number): Uint8Array => message(54, ...Array.from({ length }, (_, index) => alarm(String(index), '*x')))
    expect(goodOf(captured({}, list(driverLimits.pdsAlarmsMax)))).toMatchObject([{ faults: [] }])
    const [frame] = goodOf(captured({}, list(driverLimits.pdsAlarmsMax + 1)))
    expect([frame?.alarms.length, frame?.faults.length]).toEqual([driverLimits.pdsAlarmsMax, 1])
  })
})

describe('what is not of this protocol', () => {
  it('is quarantined when it carries values, and passed by when it carries none', () => {
    const other = mllpFrame(utf8(`MSH|^~\\&|VENDOR||||||ORU^R01|204|P|2.6|\r${numeric('101^HR', '60')}`))
    const glued = mllpFrame(utf8(`MSH|^~\\&|||||||ORU^R01|204|P|2.3.1|\r${numeric('101^HR', '60')}\rMSH|^~\\&|||||||ORU^R01|204|P|2.3.1|\r`))
    const frames = captured({}, other, glued, utf8('login:\r\n'), message(51, numeric('101^HR', '200')), utf8('\x0bADT|'))
    expect(frames.map(({ kind }) => kind)).toEqual(['quarantined', 'quarantined', 'skipped', 'skipped', 'bad'])
  })
})

it('any order of messages: no value is told that no 204 or 503 brought, and alarms that began are over when their list is empty', () => {
  const value = fc.integer({ min: 20, max: 100 })
  const step = fc.oneof(
    value.map((number) => ({ bytes: message(204, numeric('160^SpO2', String(number))), brings: number })),
    fc.constantFrom('1', '2', '3').map((code) => ({ bytes: message(205, validity('160', code)), brings: null })),
    fc
      .constantFrom(ECHO, message(54), message(56), message(54, alarm('10002', '**HR')), message(54, alarm('10002', '***HR'), alarm('10033', '*S')), patient('1', 'A^B', '1'))
      .map((bytes) => ({ bytes, brings: null })),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const session = pds.open({})
      let last: number | null = null
      for (const { bytes, brings } of steps) {
        if (brings !== null) last = brings
        const measurements = goodOf(session.receive(bytes, monoMs(0)).frames).flatMap(({ readings }) => readings.map(({ measurement }) => measurement))
        for (const measurement of measurements) if (measurement.kind === 'measured') expect(measurement.value).toBe(last)
      }
      const open = new Set<string>()
      for (const { alarms } of goodOf(captured({}, ...steps.map(({ bytes }) => bytes), message(54), message(56)))) {
        for (const { id, phase } of alarms) {
          expect(open.has(id)).toBe(phase !== 'start')
          if (phase === 'end') open.delete(id)
          else open.add(id)
        }
      }
      expect(open.size).toBe(0)
    }),
  )
})
