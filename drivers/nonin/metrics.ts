import { type Metric, metricOfCode } from '#driver'

/** @throws RangeError when the metrics table lost a row that this driver lives by. */
function row(mdc: number): Metric {
  const metric = metricOfCode(mdc)
  if (metric === undefined) throw new RangeError(`no metric has the code ${mdc}`)
  return metric
}

/** Both formats' SpO2 and heart rate, which an oximeter takes from the pulse. */
export const SATURATION: Metric = row(150456)
export const PULSE: Metric = row(149530)
