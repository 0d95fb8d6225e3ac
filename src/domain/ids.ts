/** Names of things on a ward. Branded, so that a device can never be passed where a bed is meant. */

declare const idBrand: unique symbol
type Id<Kind extends string> = string & { readonly [idBrand]: Kind }

export type DeviceId = Id<'device'>
export type BedId = Id<'bed'>
/** One patient's time in one bed. Limits, pauses, flags and alerts belong to it. */
export type StayId = Id<'stay'>
/** One alert from onset to end. */
export type AlertId = Id<'alert'>

const ID = /^[\p{L}\p{N}][\p{L}\p{N}._:@/-]{0,63}$/u

function checked(kind: string, text: string): string {
  if (!ID.test(text)) throw new RangeError(`not a ${kind} id (letters, digits and ._:@/-, at most 64): ${JSON.stringify(text.slice(0, 80))}`)
  return text
}

/** Whether `text` may name a device, a bed, a stay or an alert: 1 to 64 letters, digits and `._:@/-`. */
export const isId = (text: string): boolean => ID.test(text)

/** @throws RangeError when the text is no id; check with `isId` where the text comes from outside. */
export const deviceId = (text: string): DeviceId => checked('device', text) as DeviceId
export const bedId = (text: string): BedId => checked('bed', text) as BedId
export const stayId = (text: string): StayId => checked('stay', text) as StayId
export const alertId = (text: string): AlertId => checked('alert', text) as AlertId
