import { describe, expect, it } from 'vitest';
import { sparing } from '../../src/api/log.ts';

describe('S2: what callers bring about does not fill the log', () => {
  const told: string[] = [];
  let now = 0;
  const log = sparing(
    (event, facts) => told.push(`${event} ${facts['n']} ${facts['untold'] ?? ''}`.trim()),
    () => now,
  );

  it.each(['connection-dropped', 'role-denied', 'unauthenticated'])('%s: the first at once, one a minute', (event) => {
    told.length = 0;
    now = 0;
    for (let n = 0; n < 1_000; n++) log(event, { n: String(n) });
    now = 59_999;
    log(event, { n: 'soon' });
    expect(told).toEqual([`${event} 0`]);
    now = 60_000;
    for (let n = 0; n < 5; n++) log(event, { n: 'later' });
    expect(told.slice(1)).toEqual([`${event} later 1000`]);
    now = 180_000;
    log(event, { n: 'last' });
    expect(told.slice(2)).toEqual([`${event} last 4`]);
    now = 300_000;
    log(event, { n: 'alone' });
    expect(told.slice(3)).toEqual([`${event} alone`]);
  });

  it('and whatever else happens is always told', () => {
    told.length = 0;
    for (let n = 0; n < 3; n++) log('listener-failed', { n: String(n) });
    expect(told).toHaveLength(3);
  });
});
