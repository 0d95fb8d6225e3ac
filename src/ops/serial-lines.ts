/** How serial lines of bedside devices are set, for `vigil probe`: what to try, the likeliest first. A new driver may have a row here. */

import type { Driver } from '../seams.ts'

/** As the makers deliver them, or as manuals tell to set them; sources stand on the pages of the drivers. */
const USUAL: ReadonlyMap<string, readonly string[]> = new Map([
  ['astm', ['9600 8N1']],
  ['draeger-medibus', ['19200 8E1', '9600 8E1', '19200 8N1', '38400 8N1', '9600 8N1']],
  ['ge-s5', ['19200 8E1', '115200 8E1']],
  ['ivy-450c', ['9600 8N1']],
  ['masimo-ascii', ['9600 8N1']],
  ['nellcor-ascii', ['9600 8N1']],
  ['nonin', ['9600 8N1']],
  ['philips-intellivue', ['115200 8N1']],
])
const OTHERS: readonly string[] = ['9600 8N1', '19200 8N1', '115200 8N1']

/** What else a device may have been set to by whoever came before. */
const COMMON: readonly string[] = ['9600 8N1', '19200 8N1', '9600 8E1', '38400 8N1', '57600 8N1', '9600 7E1', '4800 8N1', '2400 8N1']

type Named = Pick<Driver, 'id'>

export const usualLines = ({ id }: Named): readonly string[] => USUAL.get(id) ?? OTHERS

const SPEEDS: readonly string[] = ['9600', '19200', '115200', '38400', '57600', '4800', '2400']
const speedOf = (line: string): string => line.split(' ')[0] ?? ''
const rank = (line: string): number => (SPEEDS.includes(speedOf(line)) ? SPEEDS.indexOf(speedOf(line)) : SPEEDS.length)

/**
 * Where to listen: all lines of the drivers and what else is common, by speed, the likeliest first. At each speed without parity
 * first: the operating system takes a byte whose parity is wrong, but not one without its stop bit, so that a line without parity is
 * heard at the others too, and not the other way round.
 */
export function listenedLines(drivers: readonly Named[]): readonly string[] {
  const lines = [...new Set([...COMMON, ...drivers.flatMap(usualLines)])]
  const late = (line: string): number => (line.endsWith('8N1') ? 0 : 1)
  return lines.toSorted((one, other) => rank(one) - rank(other) || late(one) - late(other))
}
