/**
 * The tables of the postgres sink (contract with central, §2), as statements. Times are in `time`, the first column of each key: TimescaleDB
 * wants it in every unique key, and a partition by day needs it. Repeats are told by `event_key` in a table of its own, whatever time a
 * row claims. Pure.
 */

export type Table = { readonly name: string; readonly columns: string; readonly index: string }

const EVENT = 'event_key text NOT NULL, batch_id text NOT NULL'

/** Grow by the minute: partitioned by time. */
export const TIMED: readonly Table[] = [
  {
    name: 'vital_signs_timeseries',
    columns: `time timestamptz NOT NULL, ${EVENT}, subject text NOT NULL, stream text NOT NULL, metric text NOT NULL, mdc bigint NOT NULL,
      loinc text, unit text NOT NULL, value double precision, quality smallint NOT NULL`,
    index: 'subject, metric, time DESC',
  },
  { name: 'device_metrics', columns: `time timestamptz NOT NULL, ${EVENT}, device text NOT NULL, data jsonb NOT NULL`, index: 'device, time DESC' },
  { name: 'system_metrics', columns: `time timestamptz NOT NULL, ${EVENT}, gateway text NOT NULL, data jsonb NOT NULL`, index: 'gateway, time DESC' },
  {
    name: 'alerts',
    columns: `time timestamptz NOT NULL, ${EVENT}, subject text NOT NULL, stream text NOT NULL, alert_id text, phase text, state text,
      severity text, priority text, type text, rule text, data jsonb NOT NULL`,
    index: 'alert_id, time DESC',
  },
  /** All other types, as they came: none is dropped because this version of the schema does not know it. */
  {
    name: 'other_events',
    columns: `time timestamptz NOT NULL, ${EVENT}, type text NOT NULL, subject text NOT NULL, data jsonb NOT NULL`,
    index: 'type, time DESC',
  },
]

/** Serializes who makes tables and partitions. */
export const LOCK = 7_305_011

/** In one transaction, under the lock, each time a gateway connects. */
export function tables(hypertables: boolean): readonly string[] {
  const plain = [
    // One transaction writes the rows and this: a batch is here whole, or not at all.
    `CREATE TABLE IF NOT EXISTS vigil_batches (batch_id text PRIMARY KEY, metadata jsonb NOT NULL, rejected jsonb NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now())`,
    'CREATE TABLE IF NOT EXISTS vigil_events (event_key text PRIMARY KEY, batch_id text NOT NULL)',
  ]
  const timed = TIMED.flatMap(({ name, columns, index }) => [
    `CREATE TABLE IF NOT EXISTS ${name} (${columns})${hypertables ? '' : ' PARTITION BY RANGE (time)'}`,
    ...(hypertables ? [] : [`CREATE TABLE IF NOT EXISTS ${name}_default PARTITION OF ${name} DEFAULT`]),
    `CREATE INDEX IF NOT EXISTS ${name}_by_what ON ${name} (${index})`,
    `CREATE INDEX IF NOT EXISTS ${name}_by_event ON ${name} (event_key)`,
  ])
  return [...plain, ...timed, ...(hypertables ? TIMED.map(hypertable) : [])]
}

/** A day is one chunk. */
const hypertable = ({ name }: Table): string => `SELECT create_hypertable('${name}', 'time', chunk_time_interval => INTERVAL '1 day', if_not_exists => TRUE)`

const COMPRESSION: readonly string[] = TIMED.flatMap(({ name, index }) => [
  `ALTER TABLE ${name} SET (timescaledb.compress, timescaledb.compress_segmentby = '${index.split(',')[0] ?? ''}', timescaledb.compress_orderby = 'time DESC')`,
  `SELECT add_compression_policy('${name}', INTERVAL '7 days', if_not_exists => TRUE)`,
])

/**
 * Beside the transaction, for TimescaleDB makes a continuous aggregate in none: a week later a chunk is packed by what is asked for together, and hours
 * are rolled up as they end. How long anything is kept is the platform's to say.
 */
export const COMFORTS: readonly string[] = [
  ...COMPRESSION,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS vital_signs_hourly WITH (timescaledb.continuous) AS
    SELECT time_bucket('1 hour', time) AS hour, subject, metric, unit, count(value) AS readings, min(value) AS low, avg(value) AS mean, max(value) AS high
    FROM vital_signs_timeseries WHERE quality < 10 GROUP BY 1, 2, 3, 4 WITH NO DATA`,
  `SELECT add_continuous_aggregate_policy('vital_signs_hourly', start_offset => INTERVAL '3 days', end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '1 hour', if_not_exists => TRUE)`,
]

/** The same as a view where there is no TimescaleDB. */
export const PLAIN_ROLL_UP = `CREATE OR REPLACE VIEW vital_signs_hourly AS
  SELECT date_trunc('hour', time) AS hour, subject, metric, unit, count(value) AS readings, min(value) AS low, avg(value) AS mean, max(value) AS high
  FROM vital_signs_timeseries WHERE quality < 10 GROUP BY 1, 2, 3, 4`

const DAY_MS = 86_400_000
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** The partition of one table for the day (UTC) that holds this time. */
export function partition(table: string, at: number): { readonly name: string; readonly statement: string } {
  const from = Math.floor(at / DAY_MS) * DAY_MS
  const name = `${table}_${dayOf(from).replaceAll('-', '')}`
  const [first, next] = [dayOf(from), dayOf(from + DAY_MS)]
  return { name, statement: `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table} FOR VALUES FROM ('${first} 00:00+00') TO ('${next} 00:00+00')` }
}
