/** The driver kit, imported as '#driver': all that a driver may see. */

export * from '../codec/bytes.ts'
export * from '../domain/metrics.ts'
export * from '../domain/reading.ts'
export * from '../domain/time.ts'
export { driverLimits } from '../limits.ts'
export type { Driver, DriverSettings, Fault, Frame, Outcome, Reply, Sender, Session, SessionOutput, SettingSpec } from '../seams.ts'
