/**
 * The synthetic monitor of the sentinel bed: HL7 v2.6 over MLLP, ORU^R01 as IHE PCD-01 has it, of a patient who is well but for
 * a few seconds of each minute. Composed here by itself: what the driver misreads must not agree with it. Pure.
 */

import { mllpFrame } from '../codec/mllp.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { sentinelLimits } from '../limits.ts'

/** SpO₂ of the sentinel, in %: low enough for the limits of every age, at once. */
export const SENTINEL_SPO2 = { well: 97, low: 70 } as const

/** Name of its bed, its device and its conversation. */
export const SENTINEL = 'sentinel'

/** HL7 DTM in UTC. */
const dtm = (at: WallMs): string => `${new Date(at).toISOString().replaceAll(/[-:TZ]/gu, '')}+0000`

const observation = (place: number, code: string, value: number, unit: string): string => `OBX|${place}|NM|${code}^MDC|1.1.1.${place}|${value}|${unit}^MDC|||||R`

/** One message, framed; `count` makes its number. */
export function sentinelMessage({ at, count, spo2 }: { readonly at: WallMs; readonly count: number; readonly spo2: number }): Uint8Array {
  const time = dtm(at)
  const segments = [
    `MSH|^~\\&|${SENTINEL}|VIGIL|||${time}||ORU^R01^ORU_R01|${SENTINEL}-${count}|P|2.6|||NE|AL||UNICODE UTF-8|||IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO`,
    `OBR|1|${count}^${SENTINEL}|${count}^${SENTINEL}|182777000^monitoring of patient^SCT|||${time}`,
    observation(1, '150456^MDC_PULS_OXIM_SAT_O2', spo2, '262688^MDC_DIM_PERCENT'),
    observation(2, '147842^MDC_ECG_HEART_RATE', 72, '264864^MDC_DIM_BEAT_PER_MIN'),
    observation(3, '151562^MDC_RESP_RATE', 14, '264928^MDC_DIM_RESP_PER_MIN'),
  ]
  return mllpFrame(new TextEncoder().encode(`${segments.join('\r')}\r`))
}

/** What is to be sent now. `begins`: with it a pass begins. */
export type SentinelSaying = { readonly bytes: Uint8Array; readonly begins: boolean }

/** Speaks every few seconds, of which the first of each minute are low. */
export class SentinelSource {
  #count = 0
  #saidAt: MonoMs | null = null
  #lowSince: MonoMs | null = null

  /** Null: nothing yet. `at` on the clock that never steps. */
  next({ at, wall }: { readonly at: MonoMs; readonly wall: WallMs }): SentinelSaying | null {
    if (this.#saidAt !== null && at - this.#saidAt < sentinelLimits.sayMs) return null
    this.#saidAt = at
    // The first words are of somebody who is well: what was low before a start is over.
    const begins = this.#lowSince === null ? this.#count > 0 : at - this.#lowSince >= sentinelLimits.passMs
    if (begins) this.#lowSince = at
    const isLow = this.#lowSince !== null && at - this.#lowSince < sentinelLimits.lowMs
    return { bytes: sentinelMessage({ at: wall, count: ++this.#count, spo2: isLow ? SENTINEL_SPO2.low : SENTINEL_SPO2.well }), begins }
  }
}
