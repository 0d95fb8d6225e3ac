import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import type { DeviceAlarm } from '../../src/domain/reading.ts'
import { isoOf, monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame, Session } from '../../src/seams.ts'

type Good = Frame & { kind: 'good' }

const NOW = monoMs(0)
const MSH = 'MSH|^~\\&|GW||||20260301081500+0100||ORU^R40^ORU_R40|77|P|2.6'
const row = (code: string, place: string, value: string, rest = ''): string => `OBX|1|ST|${code}|${place}|${value}${rest}`
const event = (over: { code?: string; text?: string; marks?: string; at?: string } = {}): string =>
  row(over.code ?? '196648^MDC_EVT_HI^MDC', '1.1.1.1.1', over.text ?? '** ABPs 119 > 110', `|||${over.marks ?? ''}|||R|||${over.at ?? ''}`)
const SOURCE = 'OBX|5|NM|150037^MDC_PRESS_BLD_ART_ABP_SYS^MDC|1.1.1.1.2|119|266016^MDC_DIM_MMHG^MDC|90-110||||R'
const phase = (word: string): string => row('68481^MDC_ATTR_EVENT_PHASE^MDC', '1.1.1.1.3', word)
const state = (word: string): string => row('68482^MDC_ATTR_ALARM_STATE^MDC', '1.1.1.1.4', word)
const quiet = (words: string): string => row('68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC', '1.1.1.1.5', words)
const priority = (word: string): string => row('68484^MDC_ATTR_ALARM_PRIORITY^MDC', '1.1.1.1.6', word)
const type = (word: string): string => row('68485^MDC_ATTR_ALERT_TYPE^MDC', '1.1.1.1.7', word)
/** `own`: OBR-3; `parent`: OBR-29. */
const order = (own = '77^GW', parent = ''): string =>
  ['OBR', '1', own, own, '196616^MDC_EVT_ALARM^MDC', '', '', '20260301081459+0100', ...Array.from({ length: 21 }, () => ''), parent].join('|')

const say = (session: Session, ...segments: readonly string[]): Good => {
  const [frame] = session.receive(mllpFrame(utf8(`${segments.join('\r')}\r`)), NOW).frames
  if (frame?.kind !== 'good') throw new Error(`no good frame: ${JSON.stringify(frame)}`)
  return frame
}
const heard = (...segments: readonly string[]): Good => say(hl7.open({}), MSH, ...segments)
function alarmOf(...segments: readonly string[]): DeviceAlarm {
  const { alarms } = heard(...segments)
  const [alarm] = alarms
  if (alarm === undefined || alarms.length > 1) throw new Error(`not one alarm: ${JSON.stringify(alarms)}`)
  return alarm
}

describe('an alarm of PCD-04', () => {
  it('has seven facets: event, source, phase, state, inactivation, priority, type', () => {
    const { deviceAt, ...alarm } = alarmOf(order(), event(), SOURCE, phase('start'), state('active'), quiet('enabled'), priority('PM'), type('SP'))
    expect(alarm).toEqual({
      id: '77', code: 'MDC_EVT_HI', text: '** ABPs 119 > 110', source: 'MDC_PRESS_BLD_ART_ABP_SYS', priority: 'medium', type: 'physiological', phase: 'start',
      state: 'active', inactivation: [], flags: [],
    })
    expect(deviceAt === null ? null : isoOf(deviceAt)).toBe('2026-03-01T07:14:59.000Z')
  })

  it('gives no reading: the value it quotes comes in a message of its own', () => {
    const { readings, leftOut } = heard(order(), event(), SOURCE)
    expect([readings, leftOut]).toEqual([[], [{ why: 'a value that stands in an alarm', at: 'OBX 2 (150037)' }]])
  })

  it.each([
    ['start', 'start', 'active'], ['continue', 'continue', 'active'], ['update', 'update', 'active'], ['escalate', 'escalate', 'active'],
    ['deescalate', 'deescalate', 'active'], ['end', 'end', 'inactive'], ['reset', 'reset', 'inactive'], ['END', 'end', 'inactive'], ['', 'continue', 'active'],
  ])('phase %j is %s, %s', (word, told, inState) => expect(alarmOf(order(), event(), phase(word))).toMatchObject({ phase: told, state: inState }))

  it('goes on where its phase is a word that nobody knows, and says so', () => {
    expect(heard(order(), event(), phase('present'))).toMatchObject({ alarms: [{ phase: 'continue', state: 'active' }], faults: [{ why: 'phase present of an alarm is not known' }] })
  })

  it.each(['active', 'inactive', 'latched'])('state %s is told as it is', (word) => expect(alarmOf(order(), event(), phase('update'), state(word)).state).toBe(word))

  it('that is inactive and names no phase has ended', () => expect(alarmOf(order(), event(), state('inactive')).phase).toBe('end'))

  it('may be quiet in several ways at once', () => {
    expect(alarmOf(order(), event(), quiet('alarm-off~audio-paused')).inactivation).toEqual(['audio-paused', 'alarm-off'])
    expect(['', 'enabled', '""'].map((words) => alarmOf(order(), event(), quiet(words)).inactivation)).toEqual([[], [], []])
    expect(heard(order(), event(), quiet('muted'))).toMatchObject({ alarms: [{ inactivation: [] }], faults: [{ why: 'an inactivation state of an alarm is not known' }] })
  })

  it.each([['PH', 'high'], ['PM', 'medium'], ['PL', 'low'], ['PN', 'none'], ['PI', 'none'], ['PU', 'none'], ['', 'none']])('priority %j is %s, in its row and in OBX-8', (word, expected) => {
    expect(alarmOf(order(), event(), priority(word)).priority).toBe(expected)
    expect(alarmOf(order(), event({ marks: `H~${word}~SP` })).priority).toBe(expected)
  })

  it('has the higher of two priorities', () => {
    expect(alarmOf(order(), event({ marks: 'PL' }), priority('PH')).priority).toBe('high')
    expect(alarmOf(order(), event({ marks: 'PH' }), priority('PL')).priority).toBe('high')
  })

  it.each([['SP', 'physiological'], ['ST', 'technical'], ['SA', 'advisory']])('type %s is %s', (word, expected) => {
    expect(alarmOf(order(), event(), type(word)).type).toBe(expected)
    expect(alarmOf(order(), event({ marks: `A~${word}` })).type).toBe(expected)
  })

  it('that is technical has its own code, and text, in OBX-5', () => {
    const technical = 'OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.1.0.0.1|196882^MDC_EVT_LEADS_OFF^MDC^^^^^^!! ECG Leads Off|||A'
    const source = 'OBX|2|CWE|68480^MDC_ATTR_ALERT_SOURCE^MDC|1.1.0.0.2|147842^MDC_ECG_HEART_RATE^MDC'
    expect(alarmOf(order(), technical, source)).toMatchObject({ code: 'MDC_EVT_LEADS_OFF', text: '!! ECG Leads Off', source: 'MDC_ECG_HEART_RATE', type: 'technical' })
    expect(alarmOf(order(), technical.replace('MDC_EVT_LEADS_OFF^MDC^^^^^^!! ECG Leads Off', 'Sensor off^99X'))).toMatchObject({ code: '99x:196882', text: 'Sensor off' })
  })

  it('is a demonstration or a test where the message is', () => {
    for (const [mode, flag] of [['D', 'demo'], ['T', 'test']]) expect(say(hl7.open({}), MSH.replace('|P|', `|${mode}|`), order(), event()).alarms[0]?.flags).toEqual([flag])
    expect(alarmOf(order(), event({ marks: 'DEMO' })).flags).toEqual(['demo'])
  })

  it('is kept where it says nothing but its event (Masimo)', () => {
    expect(alarmOf(order(), event({ code: '196674^MDC_EVT_LO_VAL_LT_LIM^MDC', text: 'SPO2 LOW', marks: 'L~SP' }))).toMatchObject({
      text: 'SPO2 LOW', type: 'physiological', priority: 'none', phase: 'continue',
    })
  })

  it('has attributes under other codes at GE, and a code that contradicts its name is a fault', () => {
    const ge = (code: string): readonly string[] => [MSH.replace('|GW|', '|GE_Mural|'), order(), event(), row(code, '1.0.0.0.3', 'start')]
    expect(say(hl7.open({}), ...ge('68165^MDC_ATTR_EVENT_PHASE^MDC')).alarms[0]?.phase).toBe('start')
    expect(say(hl7.open({}), ...ge('68165^^MDC')).alarms[0]?.phase).toBe('start')
    expect(heard(order(), event(), row('68165^^MDC', '1.1.1.1.3', 'start')).alarms[0]?.phase).toBe('continue')
    expect(heard(order(), event(), row('68482^MDC_ATTR_EVENT_PHASE^MDC', '1.1.1.1.3', 'start')).faults).toMatchObject([{ why: 'code and name of an attribute contradict each other' }])
  })

  it('without its event is a fault', () => expect(heard(order(), phase('start'))).toMatchObject({ alarms: [], faults: [{ why: 'an alarm without its event', at: 'OBR' }] }))

  it('is one of several where a message has several, each with its own attributes', () => {
    const other = [event().replace('1.1.1.1.1', '1.2.1.1.1').replace('ABPs', 'NBPs'), phase('end').replace('1.1.1.1.3', '1.2.1.1.3')]
    const phases = (segments: readonly string[]): readonly string[] => heard(...segments).alarms.map(({ text, phase: told }) => `${text} ${told}`)
    expect(phases([order(), event(), phase('start'), ...other])).toEqual(['** ABPs 119 > 110 start', '** NBPs 119 > 110 end'])
    expect(phases([order(), event(), phase('start'), order('78^GW'), ...other])).toEqual(['** ABPs 119 > 110 start', '** NBPs 119 > 110 end'])
  })

  it('tells whose it is and is answered like any message', () => {
    const frame = say(hl7.open({}), `${MSH}|||AL|NE`, 'PID|||C-31||Brandt^Ove', 'PV1||I|ICU^2^7', order(), event())
    expect(frame).toMatchObject({ sender: { name: 'GW', location: 'ICU^2^7' }, identity: { mrn: 'C-31', name: 'Brandt, Ove' }, messageId: '77' })
    expect(new TextDecoder().decode(frame.reply?.({ kind: 'stored' }) ?? undefined)).toContain('MSA|CA|77')
  })
})

describe('the id of an alarm', () => {
  const ids = (session: Session, ...messages: readonly (readonly string[])[]): readonly string[] =>
    messages.flatMap((segments) => say(session, MSH, ...segments).alarms.map(({ id, phase: told }) => `${told} ${id}`))

  it('is that of its first event to its end', () => {
    const session = hl7.open({})
    expect(ids(session, [order('77^GW'), event(), phase('start')], [order('78^GW', '^77&GW'), event(), phase('escalate')], [order('79^GW', '^77&GW'), event(), phase('end')]))
      .toEqual(['start 77', 'escalate 77', 'end 77'])
  })

  it('is remembered where the sender names no first event', () => {
    const session = hl7.open({})
    const words = ['start', 'update', 'end', 'start']
    expect(ids(session, ...words.map((word, index) => [order(`${77 + index}^GW`), event(), phase(word)])))
      .toEqual(['start 77', 'update 77', 'end 77', 'start 80'])
  })

  it('is not the namespace, where OBR-29 has the shape of OBR-3', () => {
    expect(ids(hl7.open({}), [order('a-9^GE_Mural^080019^EUI-64', 'a-4^GE_Mural^080019^EUI-64'), event(), phase('update')])).toEqual(['update a-4'])
  })

  it('of an alarm whose end was lost is ended when the next begins', () => {
    expect(ids(hl7.open({}), [order('77^GW'), event(), phase('start')], [order('81^GW'), event(), phase('start')])).toEqual(['start 77', 'end 77', 'start 81'])
  })

  it('is the same when a message is sent again', () => {
    const begun = [order('77^GW'), event(), phase('start')]
    expect(ids(hl7.open({}), begun, begun)).toEqual(['start 77', 'start 77'])
  })

  it('is code and source where the sender has none', () => {
    expect(ids(hl7.open({}), [order(''), event(), SOURCE, phase('start')])).toEqual(['start MDC_EVT_HI MDC_PRESS_BLD_ART_ABP_SYS'])
  })

  it('of one bed is not that of another', () => {
    const session = hl7.open({})
    const at = (bed: string, own: string, word: string): readonly string[] => [`PV1||I|ICU^^${bed}`, order(own), event(), phase(word)]
    expect(ids(session, at('1', '77', 'start'), at('2', '78', 'start'), at('1', '79', 'end'), at('2', '80', 'end'))).toEqual(['start 77', 'start 78', 'end 77', 'end 78'])
  })

  it('is remembered for so many alarms; one more is told all the same', () => {
    const session = hl7.open({})
    const begin = (n: number): readonly string[] => [order(`n${n}`), event({ code: `${n}^MDC_EVT_${n}^MDC` }), phase('start')]
    for (let n = 0; n <= driverLimits.hl7AlarmsMax; n++) expect(ids(session, begin(n))).toEqual([`start n${n}`])
    const end = (n: number): readonly string[] => [order('end'), event({ code: `${n}^MDC_EVT_${n}^MDC` }), phase('end')]
    expect(ids(session, end(driverLimits.hl7AlarmsMax - 1), end(driverLimits.hl7AlarmsMax))).toEqual([`end n${driverLimits.hl7AlarmsMax - 1}`, 'end end'])
  })

  it('every alarm that began is ended with the id it began with, whichever way its sender names the first event', () => {
    const script = fc.array(fc.record({ what: fc.integer({ min: 0, max: 2 }), word: fc.constantFrom('start', 'update', 'end'), names: fc.boolean() }), { maxLength: 30 })
    fc.assert(
      fc.property(script, (steps) => {
        const session = hl7.open({})
        const begun = new Map<number, string>()
        const open = new Set<string>()
        steps.forEach(({ what, word, names }, index) => {
          const first = begun.get(what)
          if (word === 'start') begun.set(what, `id${index}`)
          const parent = names && word !== 'start' && first !== undefined ? `^${first}&GW` : ''
          for (const alarm of say(session, MSH, order(`id${index}`, parent), event({ code: `${what}^MDC_EVT_${what}^MDC` }), phase(word)).alarms) {
            if (alarm.phase === 'end') open.delete(alarm.id)
            else open.add(alarm.id)
          }
          if (word === 'end') begun.delete(what)
        })
        const going = [0, 1, 2].filter((what) => (steps.findLast((step) => step.what === what)?.word ?? 'end') !== 'end')
        expect(open.size).toBe(going.length)
      }),
      { numRuns: 200 },
    )
  })
})

describe('alert rows of Philips PIIC', () => {
  const message = (bed: string, ...obx: readonly string[]): readonly string[] => [
    'MSH|^~\\&|||||||ORU^R01|HP1|P|2.5||||||8859/1', `PV1|1|I|ICU^^${bed}`, 'OBR|||||||20160802104800', ...obx, 'OBX||NM|0002-4182^HR^MDIL|0|80|0004-0aa0^bpm^MDIL|50-120||||F',
  ]
  const alert = (name: string, text: string): string => `OBX||TX|5^${name}^MDIL-ALERT||${text}||||||F`
  const told = (session: Session, ...segments: readonly string[]): readonly string[] =>
    say(session, ...segments).alarms.map(({ phase: word, type: kind, priority: rank, text }) => `${word} ${kind} ${rank} ${text}`)

  it('list what is active: it begins, goes on in silence, and ends when the list has it no more', () => {
    const session = hl7.open({})
    const inop = alert('HardInop', 'SpO2T  No Pulse')
    expect(told(session, ...message('1', inop))).toEqual(['start technical low SpO2T No Pulse'])
    expect(told(session, ...message('1', inop))).toEqual([])
    expect(told(session, ...message('1', inop, alert('RedAlarm', '*** ASYSTOLE')))).toEqual(['start physiological high *** ASYSTOLE'])
    expect(told(session, ...message('2'))).toEqual([])
    expect(told(session, ...message('1'))).toEqual(['end technical low SpO2T No Pulse', 'end physiological high *** ASYSTOLE'])
  })

  it('are not ended by a message of another kind', () => {
    const session = hl7.open({})
    told(session, ...message('1', alert('HardInop', 'X')))
    expect(told(session, 'MSH|^~\\&|||||||ORU^R01|2|P|2.5', 'PV1|1|I|ICU^^1', 'OBX|1|NM|2524-7^Lactate^LN||1|mmol/L')).toEqual([])
    expect(told(session, ...message('1'))).toEqual(['end technical low X'])
  })

  it('are begun anew with a new connection', () => {
    const session = hl7.open({})
    told(session, ...message('1', alert('HardInop', 'X')))
    session.end(NOW)
    expect(told(session, ...message('1', alert('HardInop', 'X')))).toEqual(['start technical low X'])
  })

  it.each([['*** VTACH', 'high'], ['** HR 130 > 120', 'medium'], ['* PAIR PVCs', 'low'], ['!!! X', 'high'], ['!! ECG LEADS OFF', 'medium'], ['X', 'none']])('%s is %s', (text, rank) => {
    expect(told(hl7.open({}), ...message('1', alert('Alarm', text)))[0]).toBe(`start physiological ${rank} ${text}`)
  })

  it('are bounded, in each list and in how many lists', () => {
    const many = Array.from({ length: driverLimits.hl7AlertsPerPlaceMax + 1 }, (_, n) => alert('Alarm', `A${n}`))
    expect(told(hl7.open({}), ...message('1', ...many))).toHaveLength(driverLimits.hl7AlertsPerPlaceMax)
    const session = hl7.open({})
    for (let bed = 0; bed < driverLimits.hl7AlertPlacesMax; bed++) expect(told(session, ...message(`${bed}`, alert('Alarm', 'A')))).toHaveLength(1)
    expect(told(session, ...message('one-more', alert('Alarm', 'A')))).toEqual([])
  })
})

describe('the profile setting', () => {
  const open = (settings: DriverSettings): Session => hl7.open(settings)
  it('ge gives its codes for attributes to a sender that does not say who it is', () => {
    expect(say(open({ profile: 'ge' }), MSH, order(), event(), row('68165^^MDC', '1.0.0.0.3', 'start')).alarms[0]?.phase).toBe('start')
  })
})
