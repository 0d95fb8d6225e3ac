/** Every bound in the system, named with its unit last. Read it as a specification. One section a room. */

/** What a driver session may hold. */
export const driverLimits = {
  /** A frame longer than this is bad: HL7 with waveforms stays well below it. */
  hl7FrameBytesMax: 1_048_576,
  hl7SegmentsPerMessageMax: 10_000,
  mqttPayloadBytesMax: 262_144,
  asciiLineBytesMax: 1_024,
  readingsPerFrameMax: 2_000,
} as const

/** What a link may hold, per socket or port. */
export const linkLimits = {
  socketsPerPeerMax: 64,
  socketsMax: 1_024,
  /** A frame begun must be done within this, whatever dribbles in. */
  frameDeadlineMs: 30_000,
  serialReopenDelayMs: 2_000,
  mqttReconnectDelayMs: 2_000,
  writeBacklogBytesMax: 1_048_576,
} as const

/** Main thread: the pump and the alerts. */
export const pumpLimits = {
  /** Nobody waits for these rows, so flash may rest this long between commits. */
  idleCommitDelayMs: 1_000,
  /** Rows held for the store while its disk is slow; beyond it new frames are answered "retry". */
  uncommittedBytesMax: 67_108_864,
  unknownDevicesMax: 64,
  openAlertsMax: 10_000,
  quarantinedFramesPerDeviceMax: 1_000,
  quarantinedFrameBytesMax: 65_536,
  /** No frame from a device that sends by itself: silent. */
  deviceSilenceMs: 10_000,
  /** After a restart rules are fed this much of the past, without publishing. */
  refoldMs: 900_000,
} as const

/** Store thread. */
export const storeLimits = {
  ticksPerGroupMax: 256,
  walBytesMax: 67_108_864,
  historyPointsMax: 100_000,
} as const

/** Sync thread. */
export const syncLimits = {
  rowsPerBatchMax: 5_000,
  batchBytesMax: 4_194_304,
  deadLettersMax: 10_000,
  callTimeoutMs: 30_000,
  breakerFailures: 5,
  breakerHalfOpenMs: 60_000,
  retryDelayMsMax: 60_000,
} as const

/** Web and API. */
export const apiLimits = {
  requestBytesMax: 65_536,
  socketMessageBytesMax: 65_536,
  socketsMax: 200,
  /** A slow page is cut when more than this waits for it. */
  socketBacklogBytesMax: 4_194_304,
  heartbeatMs: 1_000,
  sessionHoursMax: 12,
  loginFailuresMax: 10,
  loginDelayMs: 30_000,
  loginLinkMinutesMax: 720,
} as const
