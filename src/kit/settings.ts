/** Settings that several drivers have. */

import { type Zone, readZone } from '../codec/zone.ts'
import type { DriverSettings, SettingSpec } from '../seams.ts'

export const ZONE_SETTING: SettingSpec = {
  name: 'zone',
  help: 'Time zone of device times that name none: UTC, an IANA name such as Europe/Berlin, or an offset such as +05:30.',
  default: 'UTC',
}

/** The value of a setting, or its default. */
export const settingOf = (settings: DriverSettings, spec: SettingSpec): string => settings[spec.name] ?? spec.default

/** @throws RangeError when the setting names no zone. */
export function zoneSetting(settings: DriverSettings): Zone {
  const name = settingOf(settings, ZONE_SETTING)
  const zone = readZone(name)
  if (zone !== null) return zone
  throw new RangeError(`zone: there is no time zone "${name.slice(0, 64)}" (UTC, an IANA name such as Europe/Berlin, or an offset such as +05:30)`)
}
