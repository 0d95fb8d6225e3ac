/** Figures as a report shows them. */

export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN

/** Median, 95th and 99th of a hundred, and the greatest. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return 'none'
  const [median, p95, p99, greatest] = [0.5, 0.95, 0.99, 1].map((share) => quantile(values, share).toFixed(1))
  return `${median} / ${p95} / ${p99} / ${greatest} ms (p50/p95/p99/max of ${values.length})`
}
