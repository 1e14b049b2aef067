/**
 * Where the room reports what no caller is told: an event's name and flat facts about it. Values may hold foreign text;
 * they come escaped (`shown`), and never hold a request's evidence or an answer's bytes.
 */
export type Log = (event: string, facts: Readonly<Record<string, string>>) => void;

/** What a caller can bring about as often as it likes. */
const callers: ReadonlySet<string> = new Set(['connection-dropped', 'role-denied', 'unauthenticated']);
const pause = 60_000;

/**
 * A log that a flood does not fill (threat S2): of each event that callers bring about, the first is told at once and then one a
 * minute, with how many there were since (`untold`). `now`: ms of a clock that only goes forward.
 */
export function sparing(log: Log, now: () => number): Log {
  const told = new Map<string, { at: number; untold: number }>();
  return (event, facts) => {
    if (!callers.has(event)) {
      log(event, facts);
      return;
    }
    const last = told.get(event);
    if (last !== undefined && now() - last.at < pause) {
      last.untold += 1;
      return;
    }
    told.set(event, { at: now(), untold: 0 });
    log(event, last === undefined || last.untold === 0 ? facts : { ...facts, untold: String(last.untold) });
  };
}
