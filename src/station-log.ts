// A log that nobody reads any more is no reason to stop signing: without a listener, EPIPE would end the process.
process.stderr.on('error', () => {});

/** The station's log: one JSON object a line on stderr, for whatever collects it. JSON escapes what could break a line. */
export function stationLog(event: string, details: Readonly<Record<string, string | number>> = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
}
