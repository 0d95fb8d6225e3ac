/** Environment variable by which a trial says how many rows a batch may hold: see controls/eager-sync.ts. */
export const ROWS_PER_BATCH = 'VIGIL_PROVE_ROWS_PER_BATCH'
