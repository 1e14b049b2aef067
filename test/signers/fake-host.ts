import { createInterface } from 'node:readline';

// A signer's child that misbehaves as its first argument says. It speaks the protocol by hand, so that a slip in the daemon's
// own words for it shows.

const [, , manner = 'good'] = process.argv;
const key = { address: `0x${'ab'.repeat(20)}`, publicKey: `04${'11'.repeat(64)}` };
const identity = { v: 1, result: 'identity', at: '/dev/hidraw0', app: 'Ethereum', version: '1.22.0', key };

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function misbehave(id: number): void {
  switch (manner) {
    case 'good':
      say({ ...identity, id });
      return;
    case 'crash':
      process.abort();
      break;
    case 'exit':
      process.exit(3);
      break;
    case 'hang':
      return;
    case 'garbage':
      process.stdout.write('{]\n');
      return;
    case 'binary':
      process.stdout.write(Buffer.from('22ff220a', 'hex'));
      return;
    case 'oversized':
      say({ ...identity, id, app: 'x'.repeat(300_000) });
      return;
    case 'endless':
      process.stdout.write('x'.repeat(300_000));
      return;
    case 'version':
      say({ ...identity, id, v: 2 });
      return;
    case 'no-version':
      say({ ...identity, id, v: undefined });
      return;
    case 'half':
      process.stdout.write(JSON.stringify({ ...identity, id }).slice(0, 40), () => process.exit(0));
      return;
    case 'whole-but-no-end':
      process.stdout.write(JSON.stringify({ ...identity, id }), () => process.exit(0));
      return;
    case 'other-id':
      say({ ...identity, id: id + 1 });
      return;
    case 'twice':
      say({ ...identity, id });
      say({ ...identity, id });
      return;
    case 'other-result':
      say({ v: 1, id, result: 'signature', signature: '00'.repeat(65) });
      return;
    case 'unknown-result':
      say({ v: 1, id, result: 'permit' });
      return;
    case 'unknown-member':
      say({ ...identity, id, more: true });
      return;
    case 'unknown-reason':
      say({ v: 1, id, result: 'failure', reason: 'frozen', message: 'no' });
      return;
    case 'left-waiting':
      say({ v: 1, id, result: 'failure', reason: 'device-timeout', message: 'a connected device does not answer' });
      return;
    case 'control-characters':
      say({ v: 1, id, result: 'failure', reason: 'device-locked', message: 'a\nb' });
      return;
    case 'chatty':
      process.stderr.write(`a \u202e line\u001b[2J of text\n\n${'y'.repeat(1000)}\n`, () => say({ ...identity, id }));
      return;
    case 'flood':
      process.stderr.write('line\n'.repeat(100_000), () => say({ ...identity, id }));
      return;
    case 'closes-output':
      process.stdout.end();
      return;
    default:
      throw new Error(`no such manner: ${manner}`);
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, op } = JSON.parse(line);
  if (op !== 'configure') return misbehave(id);
  if (manner === 'no-start') return;
  if (manner === 'refuses')
    return say({ v: 1, id, result: 'failure', reason: 'signer-failed', message: 'no such library' });
  else if (manner !== 'no-start') say({ v: 1, id, result: 'configured' });
});
