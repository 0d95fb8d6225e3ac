/** Words of a frame that an engineer may read in a reason. Reasons are logged, and frames carry names: only codes pass. */

import { driverLimits } from '../limits.ts'

const CODE = /^[A-Za-z0-9_./:^[\]{}%-]+$/

/** The word when it looks like a code (no blank, nothing beyond ASCII, not long); else a dash in its place. */
export const shown = (word: string): string => (word.length <= driverLimits.shownWordCharsMax && CODE.test(word) ? word : '–')
