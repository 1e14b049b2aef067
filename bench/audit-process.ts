import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { audit } from '../src/custody/audit/audit.ts';

// Audits one database, whose state key comes on stdin, and says what it took, as JSON.

const stateKey = new Uint8Array(readFileSync(0));
const start = performance.now();
const before = process.cpuUsage();
const { size, rows, findings } = audit({ file: process.argv[2] ?? '', stateKey }, ({ tag, where, message }) => {
  process.stderr.write(`${tag}: ${where}: ${message}\n`);
});
const { user, system } = process.cpuUsage(before);
const ms = performance.now() - start;
// proc(5): this program's own. What getrusage(2) has is also of the process that started it.
const [, most = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
const rssMb = Number(most) / 1_024;
process.stdout.write(JSON.stringify({ size, rows, findings, ms, cpuMs: (user + system) / 1_000, rssMb }));
