/** Areas under the ROC and the precision-recall curve, as the Challenge of 2019 computes them. Pure. */

/** How often each score was seen with the label and without it. */
export class Scores {
  readonly #counts = new Map<number, { positive: number; negative: number }>()

  add(score: number, label: boolean): void {
    let count = this.#counts.get(score)
    if (count === undefined) this.#counts.set(score, (count = { positive: 0, negative: 0 }))
    if (label) count.positive++
    else count.negative++
  }

  /** null where only one of the two classes was seen. */
  areas(): { readonly auroc: number; readonly auprc: number } | null {
    const steps = [...this.#counts].sort(([a], [b]) => b - a).map(([, count]) => count)
    const positives = steps.reduce((sum, { positive }) => sum + positive, 0)
    const negatives = steps.reduce((sum, { negative }) => sum + negative, 0)
    if (positives === 0 || negatives === 0) return null
    let auroc = 0
    let auprc = 0
    let [truePositives, falsePositives] = [0, 0]
    for (const { positive, negative } of steps) {
      // A trapezoid of the ROC, a rectangle under the precision at the end of the step.
      auroc += (negative / negatives) * ((2 * truePositives + positive) / (2 * positives))
      truePositives += positive
      falsePositives += negative
      auprc += (positive / positives) * (truePositives / (truePositives + falsePositives))
    }
    return { auroc, auprc }
  }
}
