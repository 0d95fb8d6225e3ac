/** The hospital's registry, which is asked whose number a wristband has. */

import { z } from 'zod'

export const registry = z
  .strictObject({
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).describe('TCP port at which it takes questions (MLLP).'),
    dialect: z.enum(['A19', 'Q22']).default('Q22').describe('A19: QRY^A19 of HL7 2.3; Q22: QBP^Q22 of HL7 2.5 (IHE patient demographics query).'),
    application: z.string().default('').describe('MSH-5 of a question; empty where the registry does not look.'),
    facility: z.string().default('').describe('MSH-6, likewise.'),
    authority: z.string().regex(/^\S*$/, 'must have no blanks: write them as _').default('').describe('Whose patient numbers count (PID-3.4), blanks written as _; empty: anybody’s.'),
  })
  .optional()
  .describe("The hospital's registry, asked for the name when a wristband is scanned. Not needed: what it tells by itself (ADT) comes in over a link.")
