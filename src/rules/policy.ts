/**
 * When the screen for deterioration and sepsis calls a nurse, as numbers that a ward may set. The defaults were chosen on
 * 14,000 real stays (`vigil evaluate sepsis --frontier`): they are an engineering choice, no clinical standard.
 */

export type AlertPolicy = {
  /** NEWS2 of 7 or more must stand so long. */
  readonly emergencySeconds: number
  /** NEWS2 of 5 or 6 with support: low pressure, or lactate. */
  readonly supportedSeconds: number
  /** NEWS2 of 5 or 6 and nothing besides. */
  readonly urgentSeconds: number
  /** SIRS criteria, of four, that support a NEWS2 of 5 or 6 too; 5: never. */
  readonly supportSirs: number
  /** An alert of NEWS2 ends below this score, when it stayed there for so long. */
  readonly endBelow: number
  readonly endSeconds: number
  /** After a call no other for the same: worse by `risePoints`, or 7 where it was less, calls all the same. */
  readonly quietHours: number
  readonly risePoints: number
  /** Above this temperature the screen asks whether an infection is suspected; °C. */
  readonly feverAbove: number
  /** So many SIRS criteria of four together with low pressure ask it too; 5: never. */
  readonly askSirs: number
  /** The same question is not asked again for so long; if it still stands then, it is. */
  readonly askAgainHours: number
}

export const DEFAULT_POLICY: AlertPolicy = {
  emergencySeconds: 30, supportedSeconds: 60, urgentSeconds: 3_600, supportSirs: 5, endBelow: 4, endSeconds: 60,
  quietHours: 24, risePoints: 2, feverAbove: 38.3, askSirs: 2, askAgainHours: 12,
}

export const HOUR_MS = 3_600_000
