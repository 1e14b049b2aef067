import { describe, expect, it } from 'vitest';
import { parseSignatures } from '../../../src/domain/index.ts';
import { policyOf } from '../../../src/signers/ledger/policy.ts';
import { signPsbt } from '../../../src/signers/ledger/sign-psbt.ts';
import { pinnedExtendedKey } from '../../../src/signers/ledger/wallet-key.ts';
import type { SignBitcoin } from '../../../src/signers/protocol.ts';
import { permitFor, several, single } from './emulated.ts';
import { libraryError, type Script, scriptedHandle } from './scripted-handle.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const key = '02'.repeat(33);
const der = '30'.repeat(71);
/** What a device says when it has signed an input: it wants to go on. */
const yields = (input: string, by = `21${key}`, signature = der): string => `10${input}${by}${signature}e000`;

function requestOf(wallet = several): SignBitcoin {
  const { psbt } = permitFor(wallet);
  const { app, path } = pinnedExtendedKey(wallet, 'device-1');
  const policy = policyOf(wallet);
  const registration = policy.name === '' ? '' : 'ab'.repeat(32);
  return { op: 'sign', app, path, policy, registration, psbt: Buffer.from(psbt ?? []).toString('base64') };
}

/** A device that gives these answers one after the other. */
function ask(answers: readonly (string | Error)[], request = requestOf()) {
  const left = [...answers];
  const script: Script = () => {
    const answer = left.shift() ?? '6f00';
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const handle = scriptedHandle(script);
  return { handle, asked: signPsbt(handle, request) };
}

const failing = (reason: string, message = '') =>
  expect.objectContaining({ name: 'DeviceFailure', reason, message: expect.stringContaining(message) });

describe('signatures of a PSBT', () => {
  it('are what the device yielded, in its order', async () => {
    const taproot = yields('00', `20${'11'.repeat(32)}`, 'aa'.repeat(64));
    const { asked, handle } = ask([yields('fd0201'), taproot, '9000']);
    const { result, signatures } = await asked;
    expect(result).toBe('signatures');
    const parts = parseSignatures(Uint8Array.from(Buffer.from(signatures, 'hex')), 'part');
    expect(parts.map(({ input, ...of }) => [input, hex(of.key), hex(of.signature)])).toEqual([
      [258, key, der],
      [0, '11'.repeat(32), 'aa'.repeat(64)],
    ]);
    expect(handle.commands.map((command) => command.slice(0, 4))).toEqual(['e104', 'f801', 'f801']);
  });

  it('go out with the wallet’s policy and its registration, as the command’s end', async () => {
    const { asked, handle } = ask([yields('00'), '9000']);
    await asked;
    expect(handle.commands[0]).toMatch(new RegExp(`${'ab'.repeat(32)}$`));
  });

  it.each<[string, readonly string[]]>([
    ['a bare 9000', ['9000']],
    ['a 9000 with something', ['aabb9000']],
    ['a yield of nothing', ['10e000', '9000']],
    ['a yield without a signature', [yields('00', `21${key}`, ''), '9000']],
    ['a key of a leaf', [yields('00', `40${'11'.repeat(64)}`), '9000']],
    ['a key of no length', [yields('00', '00'), '9000']],
    ['a signature of 74 bytes', [yields('00', `21${key}`, '30'.repeat(74)), '9000']],
    ['an input whose number is cut off', [yields('fe'), '9000']],
    ['an input beyond 65535', [yields('fe00000100'), '9000']],
    ['a right one and a wrong one', [yields('00'), yields('01', `22${'02'.repeat(34)}`), '9000']],
  ])('S7: are wrong where the device answers %s', async (_, answers) => {
    await expect(ask(answers).asked).rejects.toEqual(failing('signature-wrong'));
  });

  it.each<[string, readonly (string | Error)[], string]>([
    ['refuses', ['6985'], 'device-refused'],
    ['refuses by the system’s word', ['5501'], 'device-refused'],
    ['has bad data', ['6a80'], 'device-cannot-show'],
    ['does not support it', ['6a82'], 'device-cannot-show'],
    ['does not know the registration', ['b008'], 'device-cannot-show'],
    ['is busy', ['6901'], 'device-busy'],
    ['is locked', ['5515'], 'device-locked'],
    ['is locked by the other word', ['6982'], 'device-locked'],
    ['is in another state', ['b007'], 'signer-failed'],
    ['asks for something unknown', ['99e000'], 'signer-failed'],
    ['asks for what it was not promised', [`4000${'00'.repeat(32)}e000`], 'signer-failed'],
    ['is unplugged', [libraryError('DisconnectedDevice')], 'device-lost'],
  ])('F3: fail where the device %s', async (_, answers, reason) => {
    await expect(ask(answers).asked).rejects.toEqual(failing(reason));
  });

  it.each(['6985', '6a80', 'b008'])('a no (%s) after a signature is no clear no', async (word) => {
    await expect(ask([yields('00'), word]).asked).rejects.toEqual(failing('device-lost', `after 1 signature(s): `));
  });

  it('F3: what fails before the transaction went out can have signed nothing', async () => {
    const gone = ask([libraryError('DisconnectedDevice')], requestOf(single('wpkh')));
    await expect(gone.asked).rejects.toEqual(failing('device-missing'));
    const unreadable = ask([], { ...requestOf(), psbt: 'AAAA' });
    await expect(unreadable.asked).rejects.toEqual(failing('signer-failed'));
    expect(unreadable.handle.commands).toEqual([]);
  });

  it('leaves the handle as it was', async () => {
    const { asked, handle } = ask([yields('00'), '9000']);
    await asked;
    const own = handle.exchange;
    const again = signPsbt(handle, requestOf());
    expect(handle.exchange).not.toBe(own);
    await expect(again).rejects.toThrow();
    expect(handle.exchange).toBe(own);
  });
});
