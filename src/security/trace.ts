/** An error as the log may show it: what it says may quote what it fell over, and that may name a patient. */

type Trace = { readonly error: string; readonly at: readonly string[] }

/** Class and places of an error, without its words: at its place they stand in the source. */
export function traceOf(error: unknown): Trace {
  if (!(error instanceof Error)) return { error: typeof error, at: [] }
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at .+:\d+:\d+\)?$/.test(line))
  return { error: error.constructor.name, at: at.map((line) => line.trim()) }
}

/** The same for people. What the system says of itself (a port that is taken, a disk that is full) names nobody, and is told. */
export function traceText(error: unknown): string {
  const { error: name, at } = traceOf(error)
  const isOfSystem = error instanceof Error && 'code' in error && 'syscall' in error
  return [isOfSystem ? `${name}: ${error.message}` : name, ...at.map((place) => `    ${place}`)].join('\n')
}
