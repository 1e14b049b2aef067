import { launchPkcs11 } from '../../../src/signers/launch.ts';
import { Pool } from '../../../src/signers/pkcs11/pool.ts';
import { systemTimers } from '../../../src/signers/timers.ts';

// A daemon as far as its child is concerned: it asks for a signature, and is killed while it waits.

const { module, environment, pin, label, publicKey } = JSON.parse(process.argv[2] ?? '{}');
const pool = new Pool({
  processes: 1,
  deadlines: { sign: 600_000 },
  child: {
    start: () => launchPkcs11(environment),
    configuration: { op: 'configure', module, token: { by: 'label', value: label }, pin },
    startDeadline: 60_000,
    timers: systemTimers,
    backOff: () => 1_000,
    log: () => undefined,
  },
});
await pool.sign({ key: 'a1', publicKey, digest: '11'.repeat(32) });
