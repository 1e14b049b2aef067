import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Announcement, startEmulatedStation } from '../demo/emulated-station.ts';
import { Desk } from './desk.ts';
import { Web } from './web.ts';

// The sample exchange with its page: `npm run exchange`.

const usage = `Usage: npm run exchange [-- OPTION…]

A sample exchange's page on a station of its own, which is an emulated one: enrol a passkey, list an address, withdraw.
  --auto-approve   nobody stands before the emulated Ledger: it signs whatever it shows
  --port PORT      of the page (7490)
  --station FILE   a station that runs already: the line that "portcullis dev --json" printed`;

interface Sample {
  readonly station: Announcement;
  close(): Promise<void>;
}

async function station(web: Web, file: string | undefined, autoApprove: boolean): Promise<Sample> {
  if (file === undefined) {
    const options = ['--approvals', web.origin, ...(autoApprove ? ['--auto-approve'] : [])];
    const own = await startEmulatedStation('eip155:31337', ...options);
    return { station: own, close: own.close };
  }
  const running: Announcement = JSON.parse(readFileSync(file, 'utf8'));
  if (running.origin !== web.origin) {
    throw new Error(
      `that station's customers approve on ${running.origin}, and this page would be ${web.origin}: give its --port, or start the station with --approvals ${web.origin}`,
    );
  }
  return { station: running, close: async () => {} };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'auto-approve': { type: 'boolean', default: false },
      port: { type: 'string', default: '7490' },
      station: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const web = await Web.listen(Number(values.port));
  const sample = await station(web, values.station, values['auto-approve']).catch((error: unknown) => {
    web.close();
    throw error;
  });
  const desk = new Desk(sample.station);
  web.answer(desk.routes);
  const end = (): void => {
    web.close();
    desk.close();
    void sample.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  process.stdout.write(`The sample exchange, on an emulated station: nothing in it guards anything of worth.

  page      ${web.origin}/
  Ledger    ${sample.station.ledger}/   (a person reads it and presses its buttons, unless it approves by itself)
  station   ${sample.station.station}, gRPC on ${sample.station.address}

Ctrl-C ends it, and it leaves nothing behind.
`);
}

main().catch((error: unknown) => {
  process.stderr.write(`npm run exchange: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
