/** A log, as far as security and web need one: fields, and a fixed sentence. pino's fits. */

type Write = (fields: object, sentence: string) => void

export type Log = { readonly info: Write; readonly warn: Write; readonly error: Write }
