// Rates out of counters that only rise. Pure.

/**
 * Differences a second between two overviews of one node; null where there is none.
 * @param {object | null} before an answer of operate.overview
 * @param {object} now a later one
 * @returns {{sent: number, received: number, commitMs: number} | null}
 */
export function rates(before, now) {
  if (before === null || before.node !== now.node || now.time_ms <= before.time_ms) return null;
  const seconds = (now.time_ms - before.time_ms) / 1000;
  const a = (name) => (now.counters[name] - before.counters[name]) / seconds;
  return { sent: a('messages_sent'), received: a('messages_received'), commitMs: commit(before, now) };
}

/** Milliseconds that a commit took on average between the two; of the last one, if there was none. */
function commit(before, now) {
  if (!now.journal) return 0;
  const commits = now.journal.commits - (before.journal?.commits ?? 0);
  if (commits <= 0) return now.journal.last_commit_ms;
  return ((now.journal.seconds - (before.journal?.seconds ?? 0)) / commits) * 1000;
}

/** Bytes for the eye: 1536 becomes "1.5 KiB". */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 ** 2).toFixed(1)} MiB`;
}

/** Seconds for the eye: 3725 becomes "1 h 2 min". */
export function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}
