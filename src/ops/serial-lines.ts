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

/** Devices that talk are heard at one of these, whatever they were set to by whoever came before. */
export const LISTENED: readonly string[] = ['9600 8N1', '19200 8E1', '115200 8N1', '19200 8N1', '9600 8E1', '38400 8N1', '57600 8N1', '9600 7E1', '4800 8N1', '2400 8N1']

export const usualLines = ({ id }: Pick<Driver, 'id'>): readonly string[] => USUAL.get(id) ?? OTHERS
