/** Codes of commands, which are also those of their answers (MEDIBUS 4.03, chapter 3). */
export const CODES = {
  corrupt: 0x15,
  data: 0x24,
  alarms: 0x27,
  date: 0x28,
  settings: 0x29,
  texts: 0x2a,
  alarms2: 0x2e,
  nothing: 0x30,
  timeChanged: 0x49,
  begin: 0x51,
  identify: 0x52,
  scales: 0x53,
  curves: 0x54,
  scalesChanged: 0x56,
} as const
