/** What a connection remembers of alarms: which were begun, so that what follows them up has the same id; and which alerts PIIC lists. */

import {
  ActiveAlarms, type ActiveAlarm, type DeviceAlarm, type Hl7Message, type ListedAt, type Segment, type Sender, driverLimits, flagBit, flagsOf,
} from '#driver'
import type { ToldAlarm } from './alarms.ts'
import { type Reader, surroundingsOf } from './reader.ts'

const keyOf = ({ name, location }: Sender): string => `${name ?? ''}\n${location ?? ''}`

export class AlarmBook {
  readonly #open = new Map<string, DeviceAlarm>()
  readonly #lists = new Map<string, ActiveAlarms>()

  /** The connection is over. */
  forget(): void {
    this.#open.clear()
    this.#lists.clear()
  }

  /** Alarms of PCD-04 with their ids: the first event where OBR-29 names it, else what is remembered, else the event itself. */
  identified(told: readonly ToldAlarm[], sender: Sender): readonly DeviceAlarm[] {
    return told.flatMap((one) => this.#identify(one, keyOf(sender)))
  }

  #identify({ alarm, own, first }: ToldAlarm, place: string): readonly DeviceAlarm[] {
    const key = `${place}\n${alarm.code}\n${alarm.source}`
    const open = this.#open.get(key)
    const begins = alarm.phase === 'start'
    const self = own === '' ? `${alarm.code} ${alarm.source}`.trim() : own
    const id = (first !== '' ? first : open === undefined || begins ? self : open.id).slice(0, driverLimits.jsonTextCharsMax)
    const told: DeviceAlarm = { id, ...alarm }
    // It began again and its end was never heard: nobody will end it any more.
    const missed = begins && open !== undefined && open.id !== id ? [{ ...told, id: open.id, phase: 'end', state: 'inactive' } as const] : []
    if (alarm.phase === 'end' || alarm.phase === 'reset' || alarm.state === 'inactive') this.#open.delete(key)
    else if (open !== undefined || this.#open.size < driverLimits.hl7AlarmsMax) this.#open.set(key, told)
    return [...missed, told]
  }

  /** Alerts that a message lists, as what began and ended since the last list of this place. */
  listed(rows: readonly Segment[], message: Hl7Message, { reader, sender }: { readonly reader: Reader; readonly sender: Sender }): readonly DeviceAlarm[] {
    const place = keyOf(sender)
    let list = this.#lists.get(place)
    // Most messages are of monitors that never list an alert.
    if (rows.length === 0 && (list === undefined || !hasMdil(message))) return []
    if (list === undefined) {
      if (this.#lists.size >= driverLimits.hl7AlertPlacesMax) return []
      this.#lists.set(place, (list = new ActiveAlarms({ isChecked: true })))
    }
    return list.take(rows.slice(0, driverLimits.hl7AlertsPerPlaceMax).map(alertOf), at(message, reader))
  }
}

const hasMdil = ({ segments }: Hl7Message): boolean => segments.some((segment) => segment.id === 'OBX' && segment.component(3, 3) === 'MDIL')

function at(message: Hl7Message, reader: Reader): ListedAt {
  const obr = message.segments.find(({ id }) => id === 'OBR') ?? null
  const { defaultTime: time, flags } = surroundingsOf(obr, message, reader)
  const zone = time.kind === 'at' && !time.zoned ? flagBit('zone-assumed') : 0
  return { deviceAt: time.kind === 'at' ? time.at : null, flags: flagsOf(flags | zone) }
}

/** Philips shows the priority of an alarm in stars and that of an INOP in exclamation marks (m). */
const STARS: readonly (readonly [start: string, priority: DeviceAlarm['priority']])[] = [
  ['***', 'high'], ['**', 'medium'], ['*', 'low'], ['!!!', 'high'], ['!!', 'medium'], ['!', 'low'],
]

function alertOf(obx: Segment): ActiveAlarm {
  const [number, name] = [obx.value(3).trim(), obx.value(3, 2).trim()]
  const text = obx.value(5).trim().replaceAll(/\s+/g, ' ').slice(0, driverLimits.jsonTextCharsMax)
  const isTechnical = /inop/i.test(name)
  return {
    id: `${name} ${text}`.slice(0, driverLimits.jsonTextCharsMax),
    code: `mdil-alert:${name === '' ? number : name}`.slice(0, driverLimits.shownWordCharsMax),
    text,
    source: '',
    priority: STARS.find(([start]) => text.startsWith(start))?.[1] ?? (isTechnical ? 'low' : 'none'),
    type: isTechnical ? 'technical' : 'physiological',
    inactivation: [],
  }
}
