/** Every bound in the system, named with its unit last. Read it as a specification. One section a room. */

/** What a driver session may hold. */
export const driverLimits = {
  /** A frame longer than this is bad: HL7 with waveforms stays well below it. */
  hl7FrameBytesMax: 1_048_576,
  hl7SegmentsPerMessageMax: 10_000,
  /** Waves of one HL7 message: each gap in the samples makes one more. */
  hl7WaveformsPerFrameMax: 256,
  /** Alarms that an HL7 connection remembers as active, so that what follows up one is known again. */
  hl7AlarmsMax: 1_024,
  /** Beds behind one HL7 connection whose lists of alerts are remembered, and alerts in each. */
  hl7AlertPlacesMax: 1_024,
  hl7AlertsPerPlaceMax: 64,
  /** Patients of one message of the registry, or of one of its answers: a merge has several, and none that is meant has more. */
  hl7PatientsPerMessageMax: 64,
  /** Medicines given that one HL7 message tells of. */
  hl7GivenPerMessageMax: 256,
  /** A monitor that is asked over HL7 answers within this, or is asked again; one that never does so is called anew after so many questions. */
  hl7AnswerMs: 5_000,
  hl7UnansweredMax: 3,
  /** Different codes of one capture that `vigil learn` tells of. */
  hl7CodesLearntMax: 1_000,
  mqttPayloadBytesMax: 262_144,
  asciiLineBytesMax: 1_024,
  readingsPerFrameMax: 2_000,
  /** The copy kept of a damaged frame. */
  badFrameBytesMax: 65_536,
  /** Bytes outside of frames are reported in spans of at most this. */
  noiseSpanBytesMax: 65_536,
  /** Text before a JSON object on its line: a topic, as `mosquitto_sub -v` prints it. */
  jsonLabelBytesMax: 512,
  /** An id, a channel, a medical record number or a name in our JSON. */
  jsonTextCharsMax: 200,
  /** Records of one tele-ICU message: a dozen of each monitor every few seconds. */
  teleicuRecordsPerMessageMax: 500,
  /** Waveforms of one tele-ICU message: each gap in the samples makes one more. */
  teleicuWaveformsPerMessageMax: 64,
  /** A word from outside that is shown to an engineer: a code, a name, a key. */
  shownWordCharsMax: 64,
  /** The text of one ANSAR-B message, behind its waves: real ones have some 200 bytes. */
  ansarTextBytesMax: 1_024,
  /** A DRI record with its escapes and flags: the records themselves have at most 1,490 bytes. */
  driFrameBytesMax: 4_096,
  /** Waveforms that a DRI monitor was asked for and does not send are asked for again after 10 s, and ever later up to this. */
  driWaveRetryMsMax: 300_000,
  /** Alarms that a Mindray monitor says are active, of each of its two lists. */
  pdsAlarmsMax: 128,
  /** No message from a Mindray monitor, which sends an echo a second, for so long: the conversation is dead. */
  pdsEchoLostMs: 5_000,
  /** A Philips IntelliVue message: monitors agree on 1,456 bytes at most, and escaping may double them. */
  intellivueMessageBytesMax: 4_096,
  /** Objects of one kind of one IntelliVue association, and series of values made of them, that are remembered. */
  intellivueObjectsMax: 256,
  /** Alarms that an IntelliVue says are active, of each of its two lists. */
  intellivueAlarmsMax: 128,
  /** What is said to an IntelliVue waits here for its turn: so many messages in so long. */
  intellivueOutboxMax: 32,
  intellivueSendsPerSlotMax: 4,
  intellivueSendSlotMs: 128,
  /** Nothing heard from an IntelliVue for so long: the association is lost. */
  intellivueSilenceMs: 5_000,
  /** An IntelliVue that does not answer is called again after so long; one that refused, later. */
  intellivueCallMs: 2_000,
  intellivueRefusedMs: 10_000,
  /** A poll that an IntelliVue refused is tried again after this, doubling with each time. */
  intellivuePollRetryMs: 30_000,
  intellivuePollRetryMsMax: 300_000,
  /** An ASTM frame: 247 bytes in most analysers, up to 64,000 in the newer standard. */
  astmFrameBytesMax: 65_536,
  /** All frames of one ASTM message together. */
  astmMessageBytesMax: 262_144,
  /** A blood gas with its comments has some sixty. */
  astmRecordsPerMessageMax: 2_000,
  /** ASTM E1381, 6.5.2: so long a receiver waits for the next frame of a transmission. */
  astmSilenceMs: 30_000,
  /** A MEDIBUS command or answer: some hundred values at most. */
  medibusFrameBytesMax: 4_096,
  /** Alarms that a MEDIBUS ventilator says are active, of each of its two code pages. */
  medibusAlarmsMax: 128,
  /** Samples of one MEDIBUS curve that are told together. */
  medibusSamplesPerWaveMax: 64,
  /** Nothing heard from a MEDIBUS device for so long: the conversation is begun anew. */
  medibusSilenceMs: 3_000,
  /** A MEDIBUS command is answered within this, or the conversation is begun anew. */
  medibusAnswerMs: 10_000,
  /** A MEDIBUS request that was refused twice, or never answered, is tried again after this. */
  medibusRefusedMs: 300_000,
} as const

/** The watch ledger. */
export const watchLimits = {
  /** What is armed is looked at so often. */
  lookMs: 1_000,
  /** All of a bed is written once in this time, changed or not. */
  wholeMs: 3_600_000,
  /** A value marked as a demonstration explains for so long why nothing is watched. */
  demoMs: 60_000,
  /** A look back reads at most so many events of the log. */
  eventsReadMax: 200_000,
  /** And so many hours. */
  handoverHoursMax: 24,
} as const

/** The life of alerts (src/alerts/lifecycle.ts), and alerts beside those of the monitor (src/pump/beside.ts). */
export const alertLimits = {
  /**
   * An acknowledgement holds until the condition clears, and no longer than this; then it sounds again. After the rhythm in
   * which NEWS2 (RCP 2017, chart 4) has a patient seen: hourly from 5 points on, continuously from 7, every 4 to 6 hours below.
   */
  acknowledgedHighMs: 1_800_000,
  acknowledgedMediumMs: 3_600_000,
  acknowledgedLowMs: 14_400_000,
  /** What a ward may set in their place. */
  acknowledgedMinutesMax: 720,
  /** What began within so long before a tap, and after what was tapped, cannot have been seen by who taps: a page is told, a person reads and aims. */
  tapAimMs: 2_000,
  /** Beside a monitor whose alarms are heard, a simple limit of ours waits so much longer for the monitor to say it first. */
  monitorGraceMs: 10_000,
  /** A monitor of which no alarm, and no word on its alarms, was heard for so long is not counted upon. */
  monitorHeardMs: 86_400_000,
} as const

/** States of beds, goals of stays, and how the ward is watched (src/domain/bed-state.ts, src/domain/ward-mode.ts). */
export const houseLimits = {
  /** A patient who is away is to be back within this; then it is said aloud that he is not. */
  awayMinutesMax: 720,
  /** A monitor is tested at its bed for so long at most. */
  bedMaintenanceMinutesMax: 60,
  /** A bed that is marked away, empty or in cleaning is watched on until nothing valid was measured there for so long. */
  bedQuietMs: 10_000,
  /** Where it is still measured after so long, the mark was a mistake, and is said to be one. */
  bedLeavingMs: 300_000,
  /** A bed that is marked empty, or in cleaning, while a patient is registered there is told of after so long, and louder after so long. */
  bedStillTakenMs: 300_000,
  bedStillTakenLoudMs: 3_600_000,
  /** A single measurement is of now for so long; a signal for as long as a bed needs to be quiet. */
  bedValidEpisodicMs: 900_000,
  /** What was said of a patient moves with him to another bed when the stay there begins within this of the end of the one before. */
  movedStayMs: 3_600_000,
  /** A goal of care is looked at again within this. */
  goalReviewHoursMax: 72,
  /** The ward is in maintenance for so long at most; then it is said aloud that it still is marked so. */
  wardMaintenanceMinutesMax: 720,
  /** What a person writes beside any of these. */
  houseWordsCharsMax: 200,
  /** A report of what commissioning would have said looks back so far. */
  commissioningDaysMax: 31,
  /** And reads so many events of the log at most, and tells so many offenders. */
  commissioningEventsMax: 400_000,
  commissioningOffendersMax: 12,
} as const

/** What a link may hold, per socket or port. */
export const linkLimits = {
  socketsPerPeerMax: 64,
  socketsMax: 1_024,
  /** A frame begun must be done within this, whatever dribbles in. */
  frameDeadlineMs: 30_000,
  serialReopenDelayMs: 2_000,
  /** A serial port silent for so long is asked, as often, whether it is still the port that was opened; one that is gone is looked for as often. */
  serialLookMs: 500,
  /** One that cannot be opened for so long, for one reason, is told. */
  serialToldMs: 5_000,
  /** One that has not taken all that was sent to it for so long is opened anew. */
  serialDrainMs: 5_000,
  mqttReconnectDelayMs: 2_000,
  /** A hospital's broker: a message that is not stored after so long holds up nobody behind it. */
  mqttPatienceMs: 1_000,
  /** And after so long it is asked for again. */
  mqttAgainMs: 7_000,
  /** Of one connection to it, until it sends without waiting for acknowledgements. */
  mqttUnansweredMax: 1_000,
  /** A packet of somebody who has not logged in. */
  mqttLoginBytesMax: 4_096,
  mqttLoginMs: 5_000,
  /** A packet of a device that has. */
  mqttPacketBytesMax: 266_240,
  /** A longer keep-alive is refused at log-in: a dead connection must be noticed. Silence of a bed is judged much sooner. */
  mqttKeepaliveSecondsMax: 120,
  mqttTopicLevelsMax: 8,
  /** A device hears what is below its own name, and that is little. */
  mqttSubscriptionsMax: 16,
  /** Messages at QoS 2 that one device has not released: what is kept of them is bounded by this and by their size. */
  mqttUnreleasedMessagesMax: 32,
  /** Packets of a client that waits to be logged in. */
  mqttLoginPacketsMax: 16,
  /** A subscriber that does not read holds the others up for at most this. */
  mqttDrainMs: 5_000,
  writeBacklogBytesMax: 1_048_576,
  /** A device that is polled over UDP and is silent for so long is asked anew, from a new socket. */
  udpSilentMs: 30_000,
  /** A monitor's announcement of itself, some 700 bytes. */
  announcementBytesMax: 4_096,
  /** Monitors that announced themselves and are known; one more is not called until another is forgotten. */
  announcedMonitorsMax: 256,
  /** One that is not in conversation and not heard of for so long is forgotten. */
  announcedForgottenMs: 60_000,
  /** A second monitor that announces itself as one that we talk with: so long it may be the same, with a new address. */
  announcedTwinMs: 30_000,
  /** A call to a device that is not answered. */
  connectMs: 10_000,
  /** A question to the hospital's registry, from the call to its answer. */
  questionMs: 5_000,
  /** What is read of an answer, and of what comes before it. */
  answerBytesMax: 1_048_576,
  /** Questions to the registry under way at one time; one more is not asked. */
  questionsMax: 4,
} as const

/** What is known of a device's clock (src/rules/device-time.ts). */
export const clockLimits = {
  /** Between the way and a wrong time: so much is the way's. What says whole seconds alone gets one more. */
  stepMs: 900,
  /** Of each piece of time the message that came soonest is kept: an hour of them, none older than two. */
  pieceMs: 30_000,
  piecesMax: 120,
  windowMs: 7_200_000,
  /** No more pieces than these make no slope yet; the last ones make the level. */
  flatPiecesMax: 5,
  recentPiecesMax: 6,
  /** Clocks go no further wrong than 2 %, ms for each ms; a line is never surer of its ends than this. */
  slopeMax: 0.02,
  slopeSureMs: 50,
  /** More than so much heard, over so long, is a clock that is known. */
  unsettledMessagesMax: 2,
  settledMs: 10_000,
  /** From one message of a backlog to the next, on the clock of the device; and how much sooner it comes. */
  backlogStepMs: 300_000,
  hurryMs: 200,
  /** What is known is written down when it changed by so much, and no more often than this. */
  tellMs: 3_600_000,
  tellChangeMs: 1_000,
} as const

/** Main thread: the pump and the alerts. */
export const pumpLimits = {
  /** Nobody waits for these rows, so flash may rest this long between commits. */
  idleCommitDelayMs: 1_000,
  /** Messages that wait for their acknowledgement are handed to the store in ticks of at most so many. */
  handoverMessagesMax: 32,
  /** Alarms of one monitor that are shown at once; one that says more is told of. */
  monitorAlarmsMax: 64,
  /** A monitor's alarm that was older than this when it was sent comes from a backlog. */
  alarmAgeMsMax: 900_000,
  /** An alarm that a monitor on a shared listener said before our restart, and never ended since, is not believed for longer. */
  alarmHoldMs: 3_600_000,
  /** Frames that wait behind a commit which nothing may overtake; with one more, senders are asked to send again. */
  waitersBehindMax: 4_096,
  /** A commit that is not answered for so long is told of: the disk hangs. */
  commitSilenceMs: 10_000,
  /** Rows held for the store while its disk is slow; beyond it new frames are answered "retry". */
  uncommittedBytesMax: 67_108_864,
  /** Readings nobody will send again (serial), held while the disk fails; an hour of 20 beds. */
  heldSnapshotsMax: 72_000,
  heldEventsMax: 10_000,
  /** Of each kind of what is held, so many rows go with one tick: main packs them, and main must not stall. */
  heldRowsPerTickMax: 500,
  /** Copies of damaged frames, held while the disk fails: what is held must fit through the store in one tick. */
  heldQuarantinedFramesMax: 100,
  /** Stretches of waveforms kept with alerts, held likewise. */
  heldStripsMax: 100,
  /** OBX-4 and its like; longer ones are not believed. */
  channelCharsMax: 128,
  /** Metric and channel pairs of one device. */
  seriesPerDeviceMax: 400,
  /** Metric and channel pairs shown of one bed. */
  valuesPerBedMax: 200,
  /** A technical condition that nothing renews ends after this. */
  conditionHoldMs: 60_000,
  /** So many devices that come by way of one sender and fall silent together are one alert; it stays for so long after the first is back, for the others to follow. */
  hubDevicesMin: 3,
  hubSettleMs: 30_000,
  /** A device that comes by another way than before is written down no more often than this: some come by two in turn. */
  hubMovedMs: 60_000,
  hubBedsNamedMax: 24,
  rulesTickMs: 500,
  /** Between two ticks our own clock is slewed by less; more is a step, and is told. */
  clockStepMs: 5_000,
  unknownDevicesMax: 64,
  openAlertsMax: 10_000,
  /** Message identities kept per device, on disk too, to know a repeat: more than any monitor keeps in flight. */
  messagesRememberedPerDevice: 256,
  quarantinedFramesPerDeviceMax: 1_000,
  /** Of those that no device is known for, one address may fill so many. */
  quarantinedFramesPerPeerMax: 250,
  quarantinedFrameBytesMax: 65_536,
  /** All devices together: the oldest of all go first. */
  quarantinedFramesMax: 5_000,
  /** A conversation on whose bytes a driver threw is not read for this long, doubling with each time. */
  throwHoldMs: 1_000,
  throwHoldMsMax: 60_000,
  throwForgetMs: 600_000,
  /** One whose bytes were being read when the process hung: first the other beds speak. */
  stallHoldMs: 5_000,
  /** One that took the process down twice, unless a person releases it. */
  suspectHoldMs: 3_600_000,
  suspectForgetMs: 86_400_000,
  suspectsMax: 1_000,
  suspectKeyBytesMax: 200,
  /** How often the gateway looks whether somebody released one. */
  releaseLookMs: 2_000,
  /** What is kept of a conversation that is not read, each time; messages that a broker would send again are all kept. */
  heldChunksKeptMax: 16,
  /** No frame from a device that sends by itself: silent. */
  deviceSilenceMs: 10_000,
  /** After a restart rules are fed this much of the past, without publishing. */
  refoldMs: 900_000,
  /** But no more rows than these, the newest: a gateway must listen again within seconds. Six minutes of 22 beds at 1 Hz: more than delays and scores look back, less than the half hour of a baseline. */
  refoldRowsMax: 8_000,
  /** Real time at a start in which only senders are heard, before the screens are loaded. */
  hearingMs: 300,
  /** Ward time between two ticks of the rules while the past is folded again. */
  refoldTickMs: 5_000,
} as const

/** Who lay in which bed: facts, and rows that are put right by them. */
export const associationLimits = {
  /** With more facts than this the oldest about patients who lie here no more are forgotten; one more about others is refused. */
  factsMax: 5_000,
  /** Words of the registry that were about nobody who was known here, the newest: that the patient came may be told later. */
  passedByMax: 2_000,
  /** A registry whose clock is ahead by no more than this means now; one that says more means a plan. */
  clockAheadMsMax: 300_000,
  /** Values that were stored longer ago stay where they are, whatever is learned. Below the day by which retention looks around a stay. */
  reissueBackMsMax: 72_000_000,
  /** Of a row that belongs to another patient: so many rows are looked through in one step of the store thread, which then rests. */
  reissueRowsPerStepMax: 256,
  reissuePauseMs: 20,
  /** A disk that failed is tried again after this. */
  reissueRetryMs: 1_000,
  /** Devices whose values one reissue may find. */
  reissueDevicesMax: 256,
  /** Stays of one bed that are known at one time, the newest. */
  staysPerBedMax: 256,
  /** Typed, and waiting for a second person, of one bed. */
  proposalsPerBedMax: 8,
  /** A monitor's word on its patient is held against others for so long. */
  wordHoldMs: 60_000,
  /** A second sender that says the same was heard within this. */
  twoSendersMs: 30_000,
  /** A name or number from outside is not longer. */
  identityCharsMax: 200,
} as const

/** Sets of vital signs that a nurse confirms. */
export const observationLimits = {
  /** Kept with a stay, the newest; all of them are in the log. */
  setsPerStayMax: 8,
  /** A set that was frozen longer ago is not confirmed any more: the patient is another by now. */
  frozenMsMax: 900_000,
  /** So long a set can be taken back. */
  takeBackMs: 300_000,
} as const

/** Rules: what they may believe, and for how long. */
export const ruleLimits = {
  /** Sensors of one stay that are kept apart; beyond it the one that was heard longest ago is forgotten. */
  sourcesPerStayMax: 64,
  /** How often a periodic metric is promised, unless its device says otherwise. A value is live for two intervals. */
  periodicIntervalMs: 60_000,
  /** A cuff or spot check is live for so long. */
  episodicLiveMs: 900_000,
  /** Greatest age of a value in a score. */
  scorePeriodicAgeMs: 300_000,
  scoreEpisodicAgeMs: 43_200_000,
  /** Greatest age of a laboratory value that supports a screen. */
  labAgeMs: 86_400_000,
  /** A score of signals rests on their medians over so long, of samples as often as this. */
  medianMs: 300_000,
  medianEveryMs: 5_000,
  medianPointsMax: 60,
  /** Twelve hours of how a patient was: a point as often as this. */
  courseEveryMs: 300_000,
  coursePointsMax: 146,
  /** A suspicion of infection ends so long after it was said, unless it is said again. */
  infectionMs: 86_400_000,
  /** A single measurement whose time is only known to within more than this is marked so. */
  timeBoundMs: 60_000,
  /** A better source of one variable is believed before a newer one up to this lead. */
  sourceLeadMs: 10_000,
  /** Alarms of one monitor that it keeps from being heard, and that are remembered. */
  quietAlarmsMax: 64,
  /** One metric that stopped coming is told for so long: then it was taken away. */
  silentMetricToldMs: 1_800_000,
  /** Values of one sensor that are averaged before a limit looks at them. */
  averagedValuesMax: 64,
  /** A violation that waits out its delay survives a gap in the values of at most this. */
  pendingGapMs: 30_000,
  /** An open alert says its present value again this often, and a worse one sooner. */
  restateMs: 60_000,
  restateWorseMs: 10_000,
} as const

/** What `vigil evaluate` reads. */
export const evaluateLimits = {
  lineCharsMax: 65_536,
  /** A year and more of hours. */
  rowsPerStayMax: 10_000,
  /** Rows of the log that a comparison of rules reads at once. */
  rowsPerPageMax: 2_000,
  /** Alerts of each kind that a report shows a picture of. */
  picturesMax: 40,
  offendersMax: 10,
} as const

/** Tools of the command line. */
export const toolLimits = {
  jsonLineBytesMax: 65_536,
  /** A running gateway stores what it is handed within this. */
  handOverMs: 30_000,
  /** Who looks at a frame as it came, and why: each. */
  accessWordsCharsMax: 200,
  /** A packet of a network capture: what tcpdump keeps of one at most. */
  packetBytesMax: 262_144,
  /** What pcapng writes about one packet besides. */
  packetOptionsBytesMax: 65_536,
  /** Interfaces that one pcapng section tells of. */
  interfacesMax: 256,
  /** Segments of one direction of a TCP conversation that wait for one that was lost or overtaken. */
  segmentsWaitingMax: 256,
  segmentsWaitingBytesMax: 1_048_576,
  /** Conversations of one network capture that are looked at; what comes beyond is counted. */
  conversationsMax: 1_024,
  /** What is held of a recording until it is clear which driver it speaks to: of one conversation, and of all together. */
  headBytesMax: 262_144,
  headsBytesMax: 67_108_864,
  /** Bytes that one capture of a port records: a quarter of an hour of the fastest line, hours of others. */
  captureBytesMax: 16_777_216,
  /** A line of a capture file, and a piece of bytes in it. */
  captureLineCharsMax: 1_024,
  /** By the beginning of a recording it is clear whether it is a log that a program wrote for people. */
  logHeadBytesMax: 4_096,
  logLineCharsMax: 65_536,
  /** Nothing came, or nothing that is a frame, for so long: it is said in words. */
  tryPatienceMs: 5_000,
  /** Readings that the table of `driver try` shows. */
  tryRowsMax: 60,
  /** How often that table is drawn again. */
  tryDrawMs: 500,
  /** A probe is over within this. */
  probeMs: 28_000,
  /** A device that talks has said something within this. */
  probeListenMs: 2_200,
  /** A device that was asked has said something within this. */
  probeAnswerMs: 2_000,
  /** Where frames are found, so long is listened to be sure. */
  probeConfirmMs: 7_000,
} as const

/** Store thread. */
export const storeLimits = {
  ticksPerGroupMax: 256,
  groupBytesMax: 8_388_608,
  walBytesMax: 67_108_864,
  /** Pages waiting in the WAL before an idle writer moves them into the file: larger spares flash, smaller shortens a start. */
  idleWalPagesMax: 1_000,
  /** Another program that holds vigil.db (a shell, a backup) may delay a commit for this long. */
  busyMs: 1_000,
  /** Numbers for metric and channel have 16 bits in a row. */
  seriesMax: 65_535,
  channelCharactersMax: 200,
  streamsRememberedMax: 10_000,
  damagedRowsNamedMax: 1_000,
  /** Stays that ended and are known at a start, the newest: what is learned late may be of them. */
  pastStaysMax: 2_000,
  readerPageRowsMax: 2_000,
  restartDelayMs: 100,
  restartDelayMsMax: 5_000,
  historyPointsMax: 100_000,
  /** Points of a line where the question names no number. */
  trendPointsMax: 2_000,
  historyRowsMax: 2_000_000,
  historyValuesMax: 3_000_000,
  historyQueriesWaitingMax: 64,
  /** Waveforms kept with one alert that are shown at once, the newest; main makes text of them. */
  stripRowsPerAnswerMax: 512,
  stripSamplesPerAnswerMax: 300_000,
  /** Medicines that are shown of a stay: those that were learned of within so long, the newest. */
  givenShownMs: 86_400_000,
  givenRowsMax: 200,
  /** Receipts of one alert that are shown at once, the oldest. */
  deliveriesPerAnswerMax: 256,
  /** A value that a monitor held back is shown where it was measured, if it came within this. */
  historyLateMs: 86_400_000,
  /** Damaged files that were moved away, each with its folder; one more and the one that holds fewest bytes goes. */
  setAsideMax: 8,
  /** Looking for what can be saved from a damaged file may delay a start for so long. */
  salvageMsMax: 5_000,
  salvageRowsMax: 100_000,
  salvageStripsMax: 1_000,
  /** A file that cannot be read while the gateway runs is set aside after so long; before, the disk may come back. */
  unreadableMsMax: 30_000,
  /** At a start, which watches nobody meanwhile, after so long. */
  unreadableAtStartMsMax: 10_000,
  /** A data folder that could not be opened is tried again after this, if it takes so many bytes. */
  spareLookMs: 10_000,
  spareProbeBytes: 1_048_576,
  /** What the disk did not read is asked for again after this pause; of what can be stepped over so many times in all. */
  readPauseMs: 200,
  readsMax: 3,
  /** A row that is written and taken back when the file is opened: large enough to need more than one page. */
  rehearsalBytes: 8_192,
  /** A line is not drawn across a longer gap between two values of a continuous signal. */
  trendHoleMs: 60_000,
} as const

/** Seals over the log, and the pass that looks for rot and tampering. */
export const sealLimits = {
  /** One step holds the store thread for the time of so many rows, between groups; then it rests. */
  rowsPerStepMax: 256,
  stepPauseMs: 20,
  /** The pass in the background: so many rows, then a rest; after the last row a longer one. */
  rowsPerLookMax: 500,
  stripsPerLookMax: 200,
  lookPauseMs: 250,
  passPauseMs: 3_600_000,
} as const

/** Backups: what they may cost the gateway that goes on writing. */
export const backupLimits = {
  /** Pages copied in one go; between two the thread lets others run. */
  pagesPerStepMax: 256,
  /** Then what was copied is written to the disk, before more of it heaps up. */
  pagesUnwrittenMax: 2_048,
  busyMs: 5_000,
  /** One that failed is tried again after so long. */
  retryMs: 900_000,
  /** A backup whose name lies farther ahead was made by a clock that was wrong: it counts for nothing. */
  aheadMsMax: 3_600_000,
  /** Whoever stops waits no longer for a disk that does not answer. */
  stopMsMax: 2_000,
  /** The schedule is looked at this often. */
  lookMs: 30_000,
  /** A backup that takes longer is ended, and told as failing. */
  backupMsMax: 21_600_000,
  /** So is one while which the WAL grows beyond this: until the copy is made nothing of it can be given back, and commits need the disk. */
  walBytesMax: 2_147_483_648,
} as const

/** What retention may cost, and what it keeps whatever happens. How long things are kept is the site's own setting. */
export const retentionLimits = {
  /** Names, frames, or rows that go for want of room; of rows that are due a stretch. */
  rowsPerStepMax: 1_000,
  /** Strips are large: so many in one statement. */
  stripsPerDeleteMax: 50,
  /** One step holds the store thread for so long at most, its commit not counted. */
  stepMsMax: 8,
  /** Between two steps of a round, and between two rounds. */
  stepPauseMs: 100,
  roundPauseMs: 60_000,
  /**
   * The log is walked from its oldest row on this often. Not oftener: stays lie mixed in its pages, and each walk that finds
   * something in a page writes it again.
   */
  logRoundMs: 21_600_000,
  staysPerWalkMax: 1_000,
  /** Numbers of the log looked through at once: what a step may write follows from it, some 30 pages. */
  seqsPerStretchMax: 1_024,
  /** With less room than this, on the disk and in free pages together, the oldest rows go before their time. */
  freeBytesMin: 1_000_000_000,
  /** They go until there is so much more than that. */
  reliefBytesMin: 50_000_000,
  /** Even then nothing goes that is younger: it is what the ward works with. */
  keptMsMin: 86_400_000,
  /** Rows that went before their time are an alert for so long after the last of them. */
  forcedHoldMs: 86_400_000,
  /** A wall clock that moved so far against the one that never steps is not believed until the next start. */
  clockStepMsMax: 3_600_000,
  /** A busy store thread puts retention off for so many groups at most. */
  groupsBeforeStepMax: 64,
} as const

/** The recording of raw frames (src/record). */
export const recordLimits = {
  /** Records are packed together up to this; one chunk of a socket or one MQTT packet must fit. */
  blockBytesMax: 524_288,
  /** Waiting for the disk: beyond it records are dropped, and counted. */
  waitingBytesMax: 8_388_608,
  /** What gathered is written this often at least. */
  flushMs: 1_000,
  segmentBytesMax: 16_777_216,
  segmentMsMax: 3_600_000,
  pruneEveryMs: 60_000,
  /** With less room than this nothing is recorded: the disk is for the store. */
  freeBytesMin: 500_000_000,
  /** Conversations that a segment names as open. */
  openLinesMax: 4_096,
  /** The gateway looks for what commands hand to it. */
  inboxLookMs: 1_000,
  /** A replay hands its rows over after so many records, where no tick comes before. */
  replayRecordsPerCommitMax: 1_000,
} as const

/** Waveforms on a screen that looks at a bed, as they come. */
export const liveWaveLimits = {
  /** More than this nobody looks at together. */
  signalsMax: 3,
  /** A screen draws some hundred columns a second at 25 mm/s: of what comes faster the lowest and the highest of each column go. */
  rateHzMax: 250,
  /** A screen that begins to look gets so much of what was. */
  pastMs: 10_000,
  /** Of one signal in one message: the rest goes with the next. */
  samplesPerSignalMax: 1_250,
  /** A stretch without a gap takes the room of so many samples besides. */
  stretchSamplesMax: 16,
  /** A signal without a sample for so long makes room for another. */
  silentMsMax: 60_000,
} as const

/** Sync thread. */
/** Waveforms in memory. */
export const waveLimits = {
  /** So far back they are kept. */
  keptMs: 1_800_000,
  /** Samples of all beds together; the oldest go first. Fifty beds with three channels each fill it in half an hour. */
  bytesMax: 134_217_728,
  channelsPerDeviceMax: 16,
  /** No monitor sends faster. */
  rateHzMax: 2_000,
  blockMs: 10_000,
  /** Samples that arrive earlier or later than their turn by more than this begin anew: they were lost, or the clocks have drifted apart. */
  jitterMs: 1_500,
  /** A device's clock in steps of this still counts without a gap. */
  deviceClockStepMs: 20,
  /** Kept with a high alert: before its onset, and after. */
  stripBeforeMs: 10_000,
  stripAfterMs: 20_000,
  /** Strips that wait for what comes after their alert; with one more, that one is not kept, and the log says so. */
  stripsWaitingMax: 256,
  /** Taken from the samples with one tick of the rules; the rest with the next. */
  stripsPerTickMax: 4,
  /** An alert that goes up and down all night has no more than these. */
  stripsPerAlertMax: 8,
  /** Of one strip, all waveforms of the bed together: what is beyond is left out, and the log says so. */
  stripStretchesMax: 64,
  stripSamplesMax: 262_144,
} as const

export const syncLimits = {
  rowsPerBatchMax: 5_000,
  batchBytesMax: 4_194_304,
  deadLettersMax: 10_000,
  callTimeoutMs: 30_000,
  breakerFailures: 5,
  breakerHalfOpenMs: 60_000,
  /** So long central may take nothing while rows wait for it before somebody is told. */
  behindToldMs: 3_600_000,
  retryDelayMsMin: 1_000,
  retryDelayMsMax: 60_000,
  /** What a Retry-After may ask for at most. */
  retryAfterMsMax: 3_600_000,
  /** A sink that refuses our token is asked again so often. */
  pausedProbeMs: 60_000,
  /** The log is looked at this often when nobody says that it grew. */
  pollMs: 1_000,
  /** Rest after a batch that emptied the log: values of one metric gather into columns, and flash sees few commits. */
  lingerMs: 5_000,
  rowsPerReadMax: 500,
  /** Incarnations of the database that central is asked about: of older ones nothing is left to send. */
  epochsClaimedMax: 20,
  /** Readings of one batch: bounds memory where rows are wide. */
  readingsPerBatchMax: 60_000,
  eventsPerBatchMax: 5_000,
  readingsPerEventMax: 5_000,
  /** A central that refuses batches as too large is sent smaller ones, down to this. */
  batchBytesMin: 65_536,
  deadLettersPerRetryMax: 100,
  /** A scanner's list: names, numbers, devices, beds. */
  identifiersMax: 200_000,
  /** Alerts whose subject is remembered, so that what happens to them later goes to the same subject. */
  alertSubjectsMax: 100_000,
  /** Sensors of one kind on one device that central can tell apart; what comes beyond shares the last. */
  sensorsPerMetricMax: 16,
  alertInputsMax: 32,
  responseBytesMax: 1_048_576,
  /** What is kept of a reason that central gave. */
  reasonCharsMax: 300,
  heapMbMax: 256,
  restartDelayMsMax: 60_000,
  stopMs: 3_000,
  /** A sink that sends at certain hours alone looks at the clock this often. */
  closedLookMs: 60_000,
  /** Sinks at one time: each holds a batch in memory while it is sent. */
  sinksMax: 8,
  /** What one sink remembers by name (numbers of patients at the platform, say); the oldest are forgotten. */
  sinkMemoriesMax: 5_000,
  sinkMemoryCharsMax: 262_144,
  /** Different reasons that are remembered of one batch whose events are sent one by one; of what else is refused in it, that it was. */
  progressReasonsMax: 100,
  /** Events of a batch that are on their way to a JetStream at one time, each of another subject. */
  natsInFlightMax: 64,
  /** One call to a Kafka broker: its own limit for a batch of records is 1 MiB by default. */
  kafkaCallBytesMax: 524_288,
  kafkaConnectMs: 5_000,
  natsConnectMs: 5_000,
  postgresConnectMs: 5_000,
  /** A conversation that is given up is not waited for longer: the other end may hang. */
  letGoMs: 1_000,
  /** Days that get a partition of their own over one connection to PostgreSQL; rows of others go to the default one. */
  postgresPartitionsMax: 2_000,
  /** Answers of a hospital system over MLLP are short. */
  ackBytesMax: 65_536,
  ackSegmentsMax: 100,
  /** Subjects whose newest vital signs are held for sets that have to be whole. */
  setSubjectsMax: 500,
  /** Stretches of the log that were cut before their turn; with one more, what is fresh waits behind the newest of them. */
  aheadRangesMax: 32,
  /** Stretches whose rows can still be corrected at central: days of a ward that is in time, and more of one that catches up. */
  cutsRememberedMax: 100_000,
  /** Rows that took the place of others, in one batch: for each of them what was sent is looked up. */
  revisedRowsPerBatchMax: 500,
  /** Devices of which it is remembered in which minute they were told of. */
  devicesToldMax: 1_000,
  /** So often the gateway tells of its own health, with what it sends anyway. */
  healthMs: 60_000,
  /** Keys that one correction names. */
  correctionKeysMax: 1_000,
} as const

/** The release lane: what leaves of a stay after it has ended. */
export const releaseLimits = {
  /** Patients in a release whose stays share all that is told of who lay there; of fewer it is not told. */
  classStaysMin: 5,
  /** Outside a demo: nothing of a stay leaves sooner after its end, and when it does is spread at least so wide. */
  delayHoursMin: 1,
  delaySpreadHoursMin: 24,
  /** A month: retention must not be kept waiting for longer. */
  delayHoursMax: 720,
  staysPerReleaseMax: 50,
  /** Stays are looked at so often. */
  lookMs: 60_000,
  /** A wall clock that shows so much more or less than time has passed was set. */
  clockStepMsMin: 600_000,
  /** A stay leaves in pieces, drawn in random order: so many at most, and of so many numbers of the log at least. */
  piecesPerStayMax: 1_000,
  pieceSeqsMin: 16_384,
  seqsPerReadMax: 2_048,
  piecesPerBatchMax: 64,
  /** A stay that does not end keeps what is deleted with time (the watch ledger) from being deleted for so long. */
  stayHoldDaysMax: 30,
  /** Two years: how far back a stay is moved where dates are shifted. */
  shiftDaysMax: 730,
  /** Times of a release are whole seconds: what is finer tells devices apart. */
  resolutionMs: 1_000,
  /** Rows that were put right, looked at in one go. */
  revisionsPerLookMax: 1_000,
  /** Fields of the site that are told of a stay, and how long what they become may be. */
  fieldsMax: 16,
  fieldCharactersMax: 64,
  /** Values that have a token at one time; the oldest are forgotten. */
  tokensMax: 10_000,
  /** Tries for a token that looks like its value and is nobody else's. */
  tokenTriesMax: 100,
} as const

/** Web and API. */
export const apiLimits = {
  requestBytesMax: 65_536,
  socketMessageBytesMax: 65_536,
  socketsMax: 200,
  /** A slow page is cut when more than this waits for it. */
  socketBacklogBytesMax: 4_194_304,
  /** All pages together: beyond it the slowest is cut. */
  socketBacklogTotalBytesMax: 67_108_864,
  /** With more than this waiting, a page gets the newest of each bed later instead of everything now. */
  socketSlowBytes: 65_536,
  /** With more than this waiting, a page gets no waveforms: they are the first to go, and what they take leaves room below the limit above. */
  socketWavesBytes: 16_384,
  /** Tabs of one session; one more closes the oldest. */
  socketsPerSessionMax: 8,
  socketMessagesPerSecondMax: 200,
  socketPingMs: 10_000,
  /** No pong for so long: the other end is gone, whatever TCP says. */
  socketPongWaitMs: 30_000,
  /** A page that was told that its session is over, and does not go, is cut after this. */
  socketCloseMs: 500,
  displayedAlertsMax: 1_000,
  bedsPushMs: 500,
  heartbeatMs: 1_000,
  /** How often the real-time loop looks whether a heartbeat or a push is due. */
  pulseMs: 250,
  /** Rules tick at least once a second; standing still for longer, /health says so. */
  rulesStandStillMsMax: 5_000,
  connectionsMax: 1_024,
  requestTimeoutMs: 10_000,
  trendHoursMax: 72,
  audioPauseSecondsMax: 120,
  /** What is said of a stay for a time, and its limits. */
  saidHoursMax: 168,
  sessionHoursMax: 12,
  sessionsMax: 2_000,
  /** One more sign-in of the same user ends that user's oldest session. */
  sessionsPerUserMax: 16,
  /** The list of who lies where is made anew no more often than this, however many pages ask. */
  associationsMs: 1_000,
  /** The hospital's registry answers a page within this: sooner than the page gives up. */
  registryAnswerMs: 4_000,
  loginFailuresMax: 10,
  loginDelayMs: 30_000,
  /** The delay doubles with each failure up to this. */
  loginDelayMsMax: 3_600_000,
  /** After so many failures in a row a password no longer opens this account: only an administrator does. */
  loginFailuresInRowMax: 99,
  /** Names and addresses whose failures are remembered, each. */
  loginFailureKeysMax: 10_000,
  /** Passwords are checked one after the other; one more that waits is answered 429. */
  loginsWaitingMax: 32,
  loginLinkMinutesMax: 720,
  loginLinksMax: 200,
  usersMax: 1_000,
  /** How soon a user disabled by a command is thrown out, at most. */
  usersRereadMs: 500,
  passwordCharsMin: 15,
  passwordCharsMax: 256,
  /** Who taps at a screen of the ward: a PIN, known with a name, and the code on a badge. */
  pinDigitsMin: 4,
  pinDigitsMax: 12,
  badgeCharsMin: 6,
  badgeCharsMax: 64,
  /** Wrong PINs of one name, and wrong badges at one screen, before the next try must wait. */
  actorFailuresMax: 5,
  actorDelayMs: 15_000,
  actorDelayMsMax: 900_000,
  /** A screen of the ward stays signed in for so long; browsers keep a cookie no longer. */
  stationSessionHoursMax: 9_600,
} as const

/** People: who has which bed, and who is told (src/people, src/alerts/escalation.ts). */
export const peopleLimits = {
  nursesPerShiftMax: 60,
  nameCharsMax: 40,
  usualShiftHours: 8,
  shiftHoursMax: 24,
  /** So long after the end of a shift its people are still told, for whoever hands over stays; then the whole ward is. */
  shiftOverToldMs: 3_600_000,
  breakMinutesMax: 120,
  /** A change of the shift can be taken back for so long. */
  undoMs: 600_000,
} as const

/** The ways out of alerts (src/alerts/ways), each of them. Times are real time. */
export const wayLimits = {
  /** Alerts and addresses that one way keeps count of; with more the least grave go unsaid, and that is an alert. */
  entriesMax: 2_000,
  /** Addresses called by name, beside those that are configured. */
  calledAddressesMax: 256,
  /** An alert that a receiver never heard of is told as new when it began no longer ago than this. */
  newMsMax: 120_000,
  /** After a failure the next try comes so much later, doubling up to the second. */
  retryMs: 1_000,
  retryMsMax: 30_000,
  /** A notice that is refused so often is given up; the way goes on, and that it was refused is an alert. */
  refusalsMax: 8,
  receiptsPerAlertMax: 64,
  failuresPerAlertMax: 32,
  alertsWithReceiptsMax: 2_000,
  /** A high alert of which no screen says within this that it shows it is told of. */
  displayedMs: 10_000,
  /** Tests of one way that wait for their turn; one more is refused. */
  testsWaitingMax: 1,
  /** Who asked for a test hears within this what came of it, or that it is under way: before a page gives up. */
  testMs: 4_000,
  /** A webhook, a mail server or a broker answers within this. */
  sendMs: 10_000,
  /** So does an alarm manager. */
  answerMs: 5_000,
  connectMs: 5_000,
  reconnectMs: 2_000,
  keepAliveMs: 10_000,
  subjectCharsMax: 200,
  hl7FrameBytesMax: 65_536,
  hl7SegmentsMax: 500,
  /** Messages and alerts that a report of the alarm manager may still name. */
  sentIdsMax: 4_000,
  /** Connections of the alarm manager that bring reports, and how long one may be silent. */
  statusSocketsMax: 8,
  statusIdleMs: 600_000,
  /** A port on which nobody answers for so long is opened anew. */
  pagerReopenMs: 15_000,
  /** ESPA 4.4.4: an answer comes within this, or the same is said again, so often. */
  espaAnswerMs: 2_000,
  espaAttemptsMax: 3,
  espaPollMs: 1_000,
  /** Where the paging system is the control station: not polled for so long, we are not heard. */
  espaNotPolledMs: 15_000,
  espaBlockBytesMax: 512,
  /** TAP 1.8, 7.0: T1, between two CR; T3, for an answer; N1 to N3, how often. */
  tapKnockMs: 2_000,
  tapAnswerMs: 10_000,
  tapTriesMax: 3,
  /** TAP 1.8, 3.0: one block, from STX to the CR behind its checksum. */
  tapBlockBytesMax: 256,
  /** How often the paging terminal is asked for nothing but whether it is there. */
  tapLookMs: 300_000,
  tapHeardCharsMax: 512,
} as const

/** The reference central (simulators/central). */
export const centralLimits = {
  /** Stretches that overtook others and are remembered of one incarnation, the newest. */
  aheadRangesMax: 64,
  /** As it comes, still packed. */
  bodyBytesMax: 8_388_608,
  /** Unpacked: what a small body may grow to. */
  unpackedBytesMax: 33_554_432,
  eventsPerBatchMax: 10_000,
  valuesPerEventMax: 10_000,
  valuesPerBatchMax: 500_000,
  keyCharactersMax: 300,
  nestingLevelsMax: 32,
  valuesPerInsertMax: 10_000,
  /** Batches unpacked or waiting for the database at one time; the next is answered "busy". */
  batchesInWorkMax: 16,
  /** A gateway that was heard within this is alive: another box that it superseded stays out. */
  senderLiveMs: 600_000,
  /** Starts of one gateway that are remembered. */
  sendersPerGatewayMax: 1_000,
  epochsPerClaimMax: 100,
  connectionsMax: 128,
  databaseConnectionsMax: 8,
  databaseTimeoutMs: 30_000,
  requestTimeoutMs: 30_000,
  rowsPerPageMax: 1_000,
  skippedRowsMax: 1_000_000,
  trendDaysMax: 31,
  faultDelayMsMax: 600_000,
  socketsMax: 64,
  socketMessageBytesMax: 4_096,
  /** A dashboard that does not read is cut when more than this waits for it. */
  socketBacklogBytesMax: 1_048_576,
  /** Metrics go to dashboards no oftener than this. */
  dashboardPauseMs: 1_000,
  /** Partitions of a database without TimescaleDB; the days of rows that come after share the default ones. */
  partitionsMax: 2_000,
  /** How often a batch is begun that the database gave up in favour of another. */
  transactionTriesMax: 5,
  /** Single values are kept for so long where nothing else is said: rows of the release lane are up to a year old when they come. Looked at once a day. */
  valueDays: 730,
  valueDaysMax: 36_500,
  retentionPauseMs: 86_400_000,
  /** Of a tenants file. */
  organizationsMax: 10_000,
  /** Messages of Kafka or JetStream that are stored in one transaction, and how long the next try waits where one failed. */
  messagesPerIntakeMax: 1_000,
  intakeRetryMs: 5_000,
  /** Kafka is asked so often whether a topic has come that was not there. */
  topicsLookMs: 60_000,
  completenessHoursMax: 168,
  alarmLoadDaysMax: 31,
  /** Rows of one plot on the page: those heard of last. */
  plottedSubjectsMax: 64,
  plottedGatewaysMax: 200,
} as const

/** The simulated ward (simulators/patients, simulators/monitors). Times are real time, except where ticks of ward time are said. */
export const simulatorLimits = {
  bedsMax: 1_000,
  /** Messages that a monitor keeps for a gateway that is away: one hour at one every two seconds. */
  unacknowledgedMessagesMax: 1_800,
  /** Lines on their way to a serial port: what comes late falls on the floor, as on a real line. */
  serialLinesWaitingMax: 64,
  serialBacklogBytesMax: 4_096,
  serialListenersMax: 8,
  /** What a monitor that is asked over the network has said and nobody has taken; with more waiting it gives its caller up. */
  answerBacklogBytesMax: 65_536,
  acknowledgementBytesMax: 65_536,
  acknowledgementTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  ptyOpenTimeoutMs: 20_000,
  /** After a stall the ward makes up for at most so many seconds of its own time at once. */
  catchUpTicksMax: 120,
  recordingBytesMax: 67_108_864,
  recordingRowsMax: 1_000_000,
  /** A replay without any acknowledgement for so long gives up. */
  replayPatienceMs: 60_000,
} as const

/** The nurse station's page. Times are real time, on the page's own clock that never steps. */
export const webLimits = {
  /** No believable heartbeat for so long: NOT RECEIVING. With one look every `lookEveryMs` it shows within 5 s. */
  silentAfterMs: 4_000,
  /** Values are taken off the screen when the gateway was last heard so long ago: with an age that moves once a second, within 30 s. */
  removedAfterMs: 28_500,
  lookEveryMs: 250,
  /** The page asked again after so long when a tap was not answered. */
  requestTimeoutMs: 5_000,
  reconnectDelayMsMin: 500,
  reconnectDelayMsMax: 5_000,
  /** Attempts come quickly for so long after the last heartbeat, so that a short outage ends quickly too. */
  reconnectEagerMs: 60_000,
  trendSpanMs: 7_200_000,
  trendPointsPerSeriesMax: 2_880,
  trendSeriesPerBedMax: 32,
  trendRedrawEveryMs: 5_000,
  /** Histories asked for at one time. */
  trendRequestsMax: 3,
  /** The waveforms around a high alert are there half a minute after it: asked for so often, so many times. */
  stripAskEveryMs: 6_000,
  stripAsksMax: 8,
  /** The gateway takes no longer message. */
  receiptsPerMessageMax: 1_000,
  /** Live waveforms are drawn so long after they were measured: a monitor sends a second at a time, and it has to get here. */
  waveDelayMs: 1_400,
  /** Who lies where is asked for so often while its page is open; so is who has which bed. */
  associationsEveryMs: 5_000,
  shiftEveryMs: 3_000,
  /** What has moved or come within so long cannot have been aimed at by who taps; that a tap was not taken is said for so long. */
  aimMs: 500,
  aimSaidMs: 3_000,
  /** Of what a row of the list carries, so many are named. */
  carriedNamedMax: 4,
  /** The question who taps goes away when nobody answers for so long. */
  actorAskMs: 30_000,
  /** A wristband that was scanned waits for its bed so long: it must not meet the bed that somebody else scans later. */
  scanHoldMs: 60_000,
  /** How far an alert came is asked for so often while somebody looks at it. */
  deliveriesEveryMs: 5_000,
  /** How often the handover page asks. */
  handoverEveryMs: 30_000,
  /** And the page of the ward, whose report reads days of the log. */
  commissioningEveryMs: 300_000,
  /** So is who is signed in, while an administrator looks at it. */
  sessionsEveryMs: 10_000,
  /** From key to key of one code, on the average: a scanner is faster, and a person is not. */
  scanKeyMsMax: 50,
  /** Keys of one code whose times are remembered. */
  scanKeysMax: 200,
  /** A code that began so soon after its page opened may have lost its first letters to another page. */
  scanSettleMs: 500,
  /** Medicines of an open bed are asked for so often. */
  givenEveryMs: 60_000,
  /** What came of a scan stays on the page, with the way to take it back. */
  scanDoneMs: 120_000,
  /** A waveform of which nothing came for so long has stopped; one that comes in larger pieces, after half as long again as such a piece. */
  waveStoppedMs: 1_600,
  wavePieceMsMax: 5_000,
  /** Kept of each to draw again from: the slowest sweep over the widest screen. */
  waveKeptMs: 90_000,
  wavePiecesMax: 1_024,
  /** An audio clock that moved less than half of so long stands still. */
  soundStalledMs: 3_000,
  /** A context that stands still is replaced by a new one, so often. */
  soundReviveEveryMs: 15_000,
  /** Loudspeakers are counted so often. */
  soundOutputEveryMs: 30_000,
  /** The sound of an alert, and at the screen the failure signal, can be paused for so long; the words stay (IEC 60601-1-8, 6.8.5: audio paused ends by itself). */
  soundPauseMs: 120_000,
} as const

/** How long a screen believes a value, in ms. */
export const viewLimits = {
  periodic: { staleAfterMs: 15_000, goneAfterMs: 60_000 },
  episodic: { staleAfterMs: 1_800_000, goneAfterMs: 43_200_000 },
} as const

/** The parent of the demo's processes. */
export const supervisorLimits = {
  restartDelayMs: 50,
  restartDelayMsMax: 5_000,
  /** A child that lived so long did start well. */
  livedMs: 10_000,
  /** From the question to the end. */
  stopMs: 3_500,
  lineCharsMax: 65_536,
  /** The demo waits so long for its central before it goes on without. */
  centralStartMs: 20_000,
} as const

/** The sentinel bed. Real time: what is broken is noticed within a pass and the time of its stages, less than 90 s. */
export const sentinelLimits = {
  /** Its synthetic patient desaturates so often, for so long, and its monitor speaks so often. */
  passMs: 60_000,
  lowMs: 15_000,
  sayMs: 5_000,
  /** From the first low value to the screen. */
  stageMs: 20_000,
  /** Not looked at for so long: the pass says nothing. */
  gapMsMax: 10_000,
  /** Its own conversation is called again after this. */
  callMs: 2_000,
  /** It begins so long after the ward: a gateway that was killed has better to do at first. */
  startMs: 5_000,
} as const

/** The watchdog. */
export const watchdogLimits = {
  beatMs: 250,
  checkMs: 100,
  /** Main silent for so long is hung. */
  stallMs: 1_000,
  /** And at a start, which loads much in one go on a small machine. */
  startStallMs: 10_000,
} as const

/** What `vigil doctor` measures by. */
export const doctorLimits = {
  flushProbesMax: 20,
  /** A flush that is sooner done was none: a device on a bus; flash without a capacitor; half a turn at 15,000 a minute. */
  believableFlushMs: 0.02,
  believableCardFlushMs: 0.3,
  believableRotatingFlushMs: 2,
  slowFlushMs: 200,
  freeBytesMin: 2_000_000_000,
  connectMs: 3_000,
} as const
