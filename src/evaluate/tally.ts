/** What one policy did on all stays, summed up stay by stay. Pure. */

import { Scores } from './curves.ts'
import { ALERT_WINDOW, isBestPrediction, normalised, onsetOf, utilityOf } from './utility.ts'

/** What a policy said in one hour. */
export type Hour = {
  /** The higher the worse. */
  readonly score: number
  /** Whether it holds the patient to be in danger. */
  readonly positive: boolean
  /** New alerts that began in this hour. */
  readonly alerts: number
}

export type PolicyResult = {
  readonly name: string
  readonly auroc: number | null
  readonly auprc: number | null
  readonly utility: number | null
  readonly hour: { readonly sensitivity: number | null; readonly specificity: number | null; readonly ppv: number | null }
  readonly septicInWindow: number | null
  readonly septicBy3h: number | null
  readonly nonSepticAlerted: number | null
  readonly episodesPer100PatientDays: number | null
  readonly leadHoursMedian: number | null
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
const HOURS_PER_100_DAYS = 2_400

export class Tally {
  readonly #name: string
  readonly #scores = new Scores()
  readonly #hours = { truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 }
  readonly #utility = { seen: 0, none: 0, best: 0 }
  readonly #stays = { septic: 0, others: 0, inWindow: 0, by3h: 0, othersAlerted: 0 }
  readonly #leads: number[] = []
  #episodes = 0
  #rows = 0

  constructor(name: string) {
    this.#name = name
  }

  stay(hours: readonly Hour[], labels: readonly boolean[]): void {
    const onset = onsetOf(labels)
    hours.forEach(({ score, positive, alerts }, index) => {
      const label = labels[index] === true
      this.#scores.add(score, label)
      this.#hours[label ? (positive ? 'truePositive' : 'falseNegative') : positive ? 'falsePositive' : 'trueNegative']++
      const from = onset === null ? null : index - onset
      this.#utility.seen += utilityOf(from, positive)
      this.#utility.none += utilityOf(from, false)
      this.#utility.best += utilityOf(from, isBestPrediction(from))
      this.#episodes += alerts
      this.#rows++
    })
    this.#alerts(hours.flatMap(({ alerts }, index) => (alerts > 0 ? [index] : [])), onset)
  }

  #alerts(alerts: readonly number[], onset: number | null): void {
    if (onset === null) {
      this.#stays.others++
      if (alerts.length > 0) this.#stays.othersAlerted++
      return
    }
    this.#stays.septic++
    if (alerts.some((at) => at <= onset + ALERT_WINDOW.to)) this.#stays.by3h++
    const first = alerts.find((at) => at >= onset + ALERT_WINDOW.from && at <= onset + ALERT_WINDOW.to)
    if (first === undefined) return
    this.#stays.inWindow++
    this.#leads.push(onset - first)
  }

  result(): PolicyResult {
    const { truePositive, falsePositive, trueNegative, falseNegative } = this.#hours
    const areas = this.#scores.areas()
    const leads = [...this.#leads].sort((a, b) => a - b)
    const middle = leads.length / 2
    const [upper, lower] = [leads[Math.floor(middle)], leads[Math.ceil(middle) - 1]]
    const { septic, others, inWindow, by3h, othersAlerted } = this.#stays
    return {
      name: this.#name,
      auroc: areas?.auroc ?? null,
      auprc: areas?.auprc ?? null,
      utility: normalised(this.#utility),
      hour: {
        sensitivity: share(truePositive, truePositive + falseNegative),
        specificity: share(trueNegative, trueNegative + falsePositive),
        ppv: share(truePositive, truePositive + falsePositive),
      },
      septicInWindow: share(inWindow, septic),
      septicBy3h: share(by3h, septic),
      nonSepticAlerted: share(othersAlerted, others),
      episodesPer100PatientDays: this.#rows === 0 ? null : (this.#episodes * HOURS_PER_100_DAYS) / this.#rows,
      leadHoursMedian: upper === undefined || lower === undefined ? null : (upper + lower) / 2,
    }
  }
}
