import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { walletPolicy } from '../../../src/signers/ledger/bitcoin-library.ts';
import { register, showAddress } from '../../../src/signers/ledger/introduce.ts';
import { policyOf } from '../../../src/signers/ledger/policy.ts';
import { pinnedExtendedKey } from '../../../src/signers/ledger/wallet-key.ts';
import { several } from './emulated.ts';
import { libraryError, type Script, scriptedHandle } from './scripted-handle.ts';

const policy = policyOf(several);
const { app, path } = pinnedExtendedKey(several, 'device-1');
const id = walletPolicy(policy).getId().toString('hex');
const hmac = 'ab'.repeat(32);
const registering = (script: Script) => register(scriptedHandle(script), { op: 'register', app, path, policy });
const showing = (script: Script) =>
  showAddress(scriptedHandle(script), {
    op: 'show-address',
    app,
    path,
    policy,
    registration: hmac,
    branch: 1,
    index: 258,
  });
const failing = (reason: string) => expect.objectContaining({ name: 'DeviceFailure', reason });

describe('a registration', () => {
  it('is the 32 bytes that the device gave for this very policy', async () => {
    expect(await registering(() => `${id}${hmac}9000`)).toEqual({ result: 'registration', hmac });
  });

  it.each([
    ['of another policy', `${createHash('sha256').update('x').digest('hex')}${hmac}9000`, 'signer-failed'],
    ['a byte short', `${id}${hmac.slice(2)}9000`, 'signer-failed'],
    ['nothing', '9000', 'signer-failed'],
    ['a refusal', '6985', 'device-refused'],
    ['a policy that the device does not take', '6a82', 'device-cannot-show'],
    ['a busy device', '6901', 'device-busy'],
  ])('is none where the device answers %s', async (_, answer, reason) => {
    await expect(registering(() => answer)).rejects.toEqual(failing(reason));
  });
});

describe('an address', () => {
  it('is asked for with the policy, its registration, branch and index, to be displayed', async () => {
    const commands: string[] = [];
    const answer = Buffer.from('tb1qaddress').toString('hex');
    const shown = await showing((apdu) => {
      commands.push(apdu);
      return `${answer}9000`;
    });
    expect(shown).toEqual({ result: 'address', address: 'tb1qaddress' });
    expect(commands).toEqual([`e103000146${'01'}${id}${hmac}${'01'}${'00000102'}`]);
  });

  it('is none where the device goes away, and nothing can have been signed', async () => {
    const gone: Script = () => {
      throw libraryError('DisconnectedDevice');
    };
    await expect(showing(gone)).rejects.toEqual(failing('device-missing'));
  });
});
